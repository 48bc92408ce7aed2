package db_test

import (
	"context"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/projectrye/rye-import/db"
)

// give drops what a query gave.
func give[T any](_ T, err error) error { return err }

// page is the size of a page that somebody looks at.
const page = 50

// writes are the queries that write, or that read nothing of the graph.
var writes = []string{
	"AccessGrantCreate", "AccessGrantRevoke", "ActivityLog", "ActivityLogMany", "ArtifactCreate",
	"AssertionRecord", "AssertionRecordMany", "AssertionSupersede", "AssertionSupersedeMany",
	"AssertionTypeAccessDelete", "AssertionTypeAccessSet", "CodeGenerate", "CodeGenerateMany",
	"EdgeArchive", "EdgeCreate", "EdgeCreateMany", "EdgeEnd", "EventRecord",
	"FieldClassificationDelete", "FieldClassificationSet",
	"NodeArchive", "NodeCreate", "NodeCreateMany", "NodeLink", "NodeLinkMany", "NodeMerge", "NodeRestore", "NodeSetProperties",
	"OpportunityAdvance", "OpportunityAdvanceMany", "OpportunityCreate",
	"RoleClassificationAccessDelete", "RoleClassificationAccessSet",
	"SessionGetContext", "SessionSetContext", "ViewsRefresh",
}

// mayScan are the queries that read a core table from one end to the other, and why they may.
var mayScan = map[string]string{
	"OpportunityActiveSecureListQuiet":        "which deals are quiet the longest is known when all have been looked at, and a quarter of all nodes are deals",
	"CatalogGet":                              "it counts the whole graph",
	"ContactDirectorySecureList (by letters)": "it reads people in their order until a page is full: no index on letters would serve under row-level security",
	"OpportunityListQuiet":                    "it looks up the last event of every deal under way",
	"OpportunityFunnel":                       "it sums all deals under way as they are now, and a quarter of all nodes are deals; OpportunityActiveFunnel has the sums of the last refresh",
}

// callsOf gives a call of every query that reads; of some several, in brackets how they differ.
func callsOf(ctx context.Context, q *db.Queries, k *keys) map[string]func() error {
	out := make(map[string]func() error)
	for _, some := range []map[string]func() error{
		nodeCalls(ctx, q, k), edgeCalls(ctx, q, k), dealCalls(ctx, q, k), accessCalls(ctx, q, k), importCalls(ctx, q, k),
	} {
		maps.Copy(out, some)
	}
	return out
}

func nodeCalls(ctx context.Context, q *db.Queries, k *keys) map[string]func() error {
	return map[string]func() error{
		"CatalogGet":     func() error { return give(q.CatalogGet(ctx)) },
		"NodeContextGet": func() error { return give(q.NodeContextGet(ctx, k.Deal)) },
		"NodeContextListByIDs": func() error {
			return give(q.NodeContextListByIDs(ctx, db.NodeContextListByIDsParams{NodeIDs: k.Deals, MaxRows: page}))
		},
		"NodeGet":       func() error { return give(q.NodeGet(ctx, k.Person)) },
		"NodeGetByCode": func() error { return give(q.NodeGetByCode(ctx, k.DealCode)) },
		"NodeGetByExternalID": func() error {
			return give(q.NodeGetByExternalID(ctx, db.NodeGetByExternalIDParams{ExternalSource: k.ExternalSource, ExternalID: k.ExternalID}))
		},
		"NodeGetBySourceRecord": func() error {
			return give(q.NodeGetBySourceRecord(ctx, db.NodeGetBySourceRecordParams{Source: k.Source, Object: k.Object, SourceID: k.LegacyID}))
		},
		"NodeListByCodePrefix": func() error {
			return give(q.NodeListByCodePrefix(ctx, db.NodeListByCodePrefixParams{Prefix: k.CodePrefix, MaxRows: page}))
		},
		"NodeListByCodePrefix (later page)": func() error {
			return give(q.NodeListByCodePrefix(ctx, db.NodeListByCodePrefixParams{
				Prefix: k.CodePrefix, AfterCode: &k.MiddleCode.Text, AfterID: &k.MiddleCode.ID, MaxRows: page,
			}))
		},
		"NodeListByCodes": func() error {
			return give(q.NodeListByCodes(ctx, db.NodeListByCodesParams{Codes: k.Codes, MaxRows: page}))
		},
		"NodeListByEmail": func() error {
			return give(q.NodeListByEmail(ctx, db.NodeListByEmailParams{Email: k.Email, MaxRows: page}))
		},
		"NodeListByEmailDomain": func() error {
			return give(q.NodeListByEmailDomain(ctx, db.NodeListByEmailDomainParams{Domain: k.EmailDomain, MaxRows: page}))
		},
		"NodeListByEmailDomain (later page)": func() error {
			return give(q.NodeListByEmailDomain(ctx, db.NodeListByEmailDomainParams{
				Domain: k.EmailDomain, AfterEmail: &k.MiddleEmail.Text, AfterID: &k.MiddleEmail.ID, MaxRows: page,
			}))
		},
		"NodeListByEmails": func() error {
			return give(q.NodeListByEmails(ctx, db.NodeListByEmailsParams{Emails: k.Emails, MaxRows: page}))
		},
		"NodeListByIDs": func() error { return give(q.NodeListByIDs(ctx, db.NodeListByIDsParams{IDs: k.People, MaxRows: page})) },
		"NodeListByPhone": func() error {
			return give(q.NodeListByPhone(ctx, db.NodeListByPhoneParams{Phone: k.Phone, MaxRows: page}))
		},
		"NodeListByPhones": func() error {
			return give(q.NodeListByPhones(ctx, db.NodeListByPhonesParams{Phones: k.Phones, MaxRows: page}))
		},
		"NodeListByProperties": func() error {
			return give(q.NodeListByProperties(ctx, db.NodeListByPropertiesParams{Contains: k.Contains, MaxRows: page}))
		},
		"NodeListByProperties (one fits)": func() error {
			return give(q.NodeListByProperties(ctx, db.NodeListByPropertiesParams{Contains: k.ContainsOne, NodeType: ptr("person"), MaxRows: page}))
		},
		"NodeListByType": func() error {
			return give(q.NodeListByType(ctx, db.NodeListByTypeParams{NodeType: "person", MaxRows: page}))
		},
		"NodeListByType (later page)": func() error {
			return give(q.NodeListByType(ctx, db.NodeListByTypeParams{NodeType: "person", BeforeAt: &k.MiddlePerson.At, BeforeID: &k.MiddlePerson.ID, MaxRows: page}))
		},
		"NodeListByWebsites": func() error {
			return give(q.NodeListByWebsites(ctx, db.NodeListByWebsitesParams{Websites: k.Websites, MaxRows: page}))
		},
		"NodeListDuplicates": func() error {
			return give(q.NodeListDuplicates(ctx, db.NodeListDuplicatesParams{NodeID: k.Person, MaxRows: page}))
		},
		"NodeListNeighbors": func() error {
			return give(q.NodeListNeighbors(ctx, db.NodeListNeighborsParams{NodeID: k.Person, MaxHops: 2, At: k.At, MaxRows: page}))
		},
		"NodeListNeighbors (of a hub)": func() error {
			return give(q.NodeListNeighbors(ctx, db.NodeListNeighborsParams{NodeID: k.User, MaxHops: 2, At: k.At, MaxRows: page}))
		},
		"NodeMergeGetSurvivor": func() error { return give(q.NodeMergeGetSurvivor(ctx, k.Duplicate)) },
		"NodeMergeListFrom": func() error {
			return give(q.NodeMergeListFrom(ctx, db.NodeMergeListFromParams{DuplicateIDs: append(k.People, k.Duplicate), MaxRows: page}))
		},
		"NodeMergeListInto": func() error {
			return give(q.NodeMergeListInto(ctx, db.NodeMergeListIntoParams{CanonicalID: k.Canonical, MaxRows: page}))
		},
		"NodeSearchByName": func() error {
			return give(q.NodeSearchByName(ctx, db.NodeSearchByNameParams{Name: k.Name, MaxRows: page}))
		},
		"NodeSearchByName (very alike)": func() error {
			return give(q.NodeSearchByName(ctx, db.NodeSearchByNameParams{Name: k.Name, NodeTypes: []string{"person"}, MinSimilarity: 0.7, MaxRows: page}))
		},
		"NodeSecureGet": func() error { return give(q.NodeSecureGet(ctx, k.Person)) },
		"NodeSecureListByIDs": func() error {
			return give(q.NodeSecureListByIDs(ctx, db.NodeSecureListByIDsParams{IDs: k.People, MaxRows: page}))
		},
		"NodeSourceMapGet": func() error {
			return give(q.NodeSourceMapGet(ctx, db.NodeSourceMapGetParams{Source: k.Source, Object: k.Object, SourceID: k.LegacyID}))
		},
		"NodeSourceMapListByNode": func() error {
			return give(q.NodeSourceMapListByNode(ctx, db.NodeSourceMapListByNodeParams{NodeID: k.Person, MaxRows: page}))
		},
		"NodeSourceMapListByNodes": func() error {
			return give(q.NodeSourceMapListByNodes(ctx, db.NodeSourceMapListByNodesParams{NodeIDs: k.People, MaxRows: page}))
		},
		"NodeSourceMapListByObject": func() error {
			return give(q.NodeSourceMapListByObject(ctx, db.NodeSourceMapListByObjectParams{Source: k.Source, Object: k.Object, MaxRows: page}))
		},
		"NodeSourceMapListByObject (later page)": func() error {
			return give(q.NodeSourceMapListByObject(ctx, db.NodeSourceMapListByObjectParams{
				Source: k.Source, Object: k.Object, AfterSourceID: &k.MiddleRecord.Text, MaxRows: page,
			}))
		},
		"NodeSourceMapListByRecords": func() error {
			return give(q.NodeSourceMapListByRecords(ctx, db.NodeSourceMapListByRecordsParams{
				Source: k.Source, Object: k.Object, SourceIDs: k.LegacyIDs, MaxRows: page,
			}))
		},
		"NodeSourceMapListBySource": func() error {
			return give(q.NodeSourceMapListBySource(ctx, db.NodeSourceMapListBySourceParams{Source: k.Source, MaxRows: page}))
		},
		"NodeSourceMapListBySource (later page)": func() error {
			return give(q.NodeSourceMapListBySource(ctx, db.NodeSourceMapListBySourceParams{
				Source: k.Source, AfterTable: &k.Object, AfterSourceID: &k.MiddleRecord.Text, MaxRows: page,
			}))
		},
	}
}

func edgeCalls(ctx context.Context, q *db.Queries, k *keys) map[string]func() error {
	return map[string]func() error{
		"ArtifactGet": func() error { return give(q.ArtifactGet(ctx, k.Artifact)) },
		"ArtifactListByEvent": func() error {
			return give(q.ArtifactListByEvent(ctx, db.ArtifactListByEventParams{EventID: k.RunEvent, MaxRows: page}))
		},
		"ArtifactListByNode": func() error {
			return give(q.ArtifactListByNode(ctx, db.ArtifactListByNodeParams{NodeID: k.ArtifactNode, MaxRows: page}))
		},
		"AssertionGet": func() error { return give(q.AssertionGet(ctx, k.Fact)) },
		"AssertionGetCurrent": func() error {
			return give(q.AssertionGetCurrent(ctx, db.AssertionGetCurrentParams{NodeID: k.Deal, AssertionType: "deal_stage"}))
		},
		"AssertionListBelieved": func() error {
			return give(q.AssertionListBelieved(ctx, db.AssertionListBelievedParams{NodeID: k.Deal, At: k.At, MaxRows: page}))
		},
		"AssertionListByNode": func() error {
			return give(q.AssertionListByNode(ctx, db.AssertionListByNodeParams{NodeID: k.Deal, MaxRows: page}))
		},
		"AssertionListCurrent": func() error {
			return give(q.AssertionListCurrent(ctx, db.AssertionListCurrentParams{NodeID: k.Deal, MaxRows: page}))
		},
		"AssertionListCurrentByNodes": func() error {
			return give(q.AssertionListCurrentByNodes(ctx, db.AssertionListCurrentByNodesParams{NodeIDs: k.Deals, MaxRows: page}))
		},
		"AssertionListCurrentByNodes (later page)": func() error {
			return give(q.AssertionListCurrentByNodes(ctx, db.AssertionListCurrentByNodesParams{
				NodeIDs: k.Deals, AfterNodeID: &k.Deals[len(k.Deals)/2], AfterType: ptr("deal_stage"), AfterKey: ptr("default"), AfterID: &uuid.Max, MaxRows: page,
			}))
		},
		"AssertionListHistory": func() error {
			return give(q.AssertionListHistory(ctx, db.AssertionListHistoryParams{NodeID: k.Deal, AssertionType: "deal_stage", MaxRows: page}))
		},
		"EdgeGet": func() error { return give(q.EdgeGet(ctx, k.Edge)) },
		"EdgeListByNode": func() error {
			return give(q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: k.Deal, MaxRows: page}))
		},
		"EdgeListByNode (as of a time)": func() error {
			return give(q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: k.Deal, At: &k.At, MaxRows: page}))
		},
		"EdgeListByNode (of a hub)": func() error {
			return give(q.EdgeListByNode(ctx, db.EdgeListByNodeParams{NodeID: k.User, MaxRows: page}))
		},
		"EdgeListByNode (of a hub, later page)": func() error {
			return give(q.EdgeListByNode(ctx, db.EdgeListByNodeParams{
				NodeID: k.User, AfterEnded: ptr(false), AfterType: ptr("assigned_to"), AfterID: &k.Edge, MaxRows: page,
			}))
		},
		"EdgeListByNodes": func() error {
			return give(q.EdgeListByNodes(ctx, db.EdgeListByNodesParams{NodeIDs: k.Deals, MaxRows: page}))
		},
		"EdgeListByNodes (later page)": func() error {
			return give(q.EdgeListByNodes(ctx, db.EdgeListByNodesParams{
				NodeIDs: k.Deals, AfterNodeID: &k.Deals[len(k.Deals)/2], AfterID: &uuid.Max, MaxRows: page,
			}))
		},
		"EdgeListEmployers": func() error {
			return give(q.EdgeListEmployers(ctx, db.EdgeListEmployersParams{PersonID: k.Person, MaxRows: page}))
		},
		"EdgeListPeople": func() error {
			return give(q.EdgeListPeople(ctx, db.EdgeListPeopleParams{OrgID: k.Employer, MaxRows: page}))
		},
		"EventGet": func() error { return give(q.EventGet(ctx, k.Event)) },
		"EventListByIDs": func() error {
			return give(q.EventListByIDs(ctx, db.EventListByIDsParams{IDs: k.Events, MaxRows: page}))
		},
		"EventListByNode": func() error {
			return give(q.EventListByNode(ctx, db.EventListByNodeParams{NodeID: k.Deal, MaxRows: page}))
		},
		"EventListByNode (of a hub, later page)": func() error {
			return give(q.EventListByNode(ctx, db.EventListByNodeParams{NodeID: k.EventHub, BeforeAt: &k.At, BeforeID: &k.Event, MaxRows: page}))
		},
		"EventListByNodes": func() error {
			return give(q.EventListByNodes(ctx, db.EventListByNodesParams{NodeIDs: k.Deals, PerNode: 3, MaxRows: 3 * page}))
		},
		"EventListByType": func() error {
			return give(q.EventListByType(ctx, db.EventListByTypeParams{EventType: "stage_change", MaxRows: page}))
		},
		"EventListByType (later page)": func() error {
			return give(q.EventListByType(ctx, db.EventListByTypeParams{EventType: "stage_change", BeforeAt: &k.At, BeforeID: &k.Event, MaxRows: page}))
		},
		"EventListParticipants": func() error {
			return give(q.EventListParticipants(ctx, db.EventListParticipantsParams{EventIDs: k.Events, MaxRows: page}))
		},
		"EventListParticipants (later page)": func() error {
			return give(q.EventListParticipants(ctx, db.EventListParticipantsParams{
				EventIDs: k.Events, AfterEventID: &k.Events[len(k.Events)/2], AfterNodeID: &uuid.Max, AfterRole: ptr(""), MaxRows: page,
			}))
		},
	}
}

func dealCalls(ctx context.Context, q *db.Queries, k *keys) map[string]func() error {
	return map[string]func() error{
		"CampaignCountResponses": func() error { return give(q.CampaignCountResponses(ctx, k.Campaign)) },
		"CampaignListResponses": func() error {
			return give(q.CampaignListResponses(ctx, db.CampaignListResponsesParams{CampaignID: k.Campaign, MaxRows: page}))
		},
		"CampaignListResponses (later page)": func() error {
			return give(q.CampaignListResponses(ctx, db.CampaignListResponsesParams{
				CampaignID: k.Campaign, HasResponded: ptr(true), AfterID: &k.Person, MaxRows: page,
			}))
		},
		"ContactDirectoryGet": func() error { return give(q.ContactDirectoryGet(ctx, k.Person)) },
		"ContactDirectoryList": func() error {
			return give(q.ContactDirectoryList(ctx, db.ContactDirectoryListParams{MaxRows: page}))
		},
		"ContactDirectoryList (later page)": func() error {
			return give(q.ContactDirectoryList(ctx, db.ContactDirectoryListParams{
				AfterLastName: &k.MiddleName.Text, AfterFirstName: ptr("K"), AfterID: &k.MiddleName.ID, MaxRows: page,
			}))
		},
		"ContactDirectoryList (of an org)": func() error {
			return give(q.ContactDirectoryList(ctx, db.ContactDirectoryListParams{OrgID: &k.Employer, MaxRows: page}))
		},
		"ContactDirectoryList (by letters)": func() error {
			return give(q.ContactDirectoryList(ctx, db.ContactDirectoryListParams{Letters: k.Letters, MaxRows: page}))
		},
		"ContactDirectorySecureGet": func() error { return give(q.ContactDirectorySecureGet(ctx, k.Person)) },
		"ContactDirectorySecureList": func() error {
			return give(q.ContactDirectorySecureList(ctx, db.ContactDirectorySecureListParams{MaxRows: page}))
		},
		"ContactDirectorySecureList (later page)": func() error {
			return give(q.ContactDirectorySecureList(ctx, db.ContactDirectorySecureListParams{
				AfterLastName: &k.MiddleName.Text, AfterFirstName: ptr("K"), AfterID: &k.MiddleName.ID, MaxRows: page,
			}))
		},
		"ContactDirectorySecureList (of an org)": func() error {
			return give(q.ContactDirectorySecureList(ctx, db.ContactDirectorySecureListParams{OrgID: &k.Employer, MaxRows: page}))
		},
		"ContactDirectorySecureList (by letters)": func() error {
			return give(q.ContactDirectorySecureList(ctx, db.ContactDirectorySecureListParams{Letters: k.Letters, MaxRows: page}))
		},
		"OpportunityActiveFunnel": func() error { return give(q.OpportunityActiveFunnel(ctx, page)) },
		"OpportunityActiveGet":    func() error { return give(q.OpportunityActiveGet(ctx, k.ActiveDeal)) },
		"OpportunityActiveList": func() error {
			return give(q.OpportunityActiveList(ctx, db.OpportunityActiveListParams{MaxRows: page}))
		},
		"OpportunityActiveList (later page)": func() error {
			return give(q.OpportunityActiveList(ctx, db.OpportunityActiveListParams{BeforeAt: &k.MiddleDeal.At, BeforeID: &k.MiddleDeal.ID, MaxRows: page}))
		},
		"OpportunityActiveList (of an owner)": func() error {
			return give(q.OpportunityActiveList(ctx, db.OpportunityActiveListParams{AssignedToID: &k.User, MaxRows: page}))
		},
		"OpportunityActiveListByStage": func() error { return give(q.OpportunityActiveListByStage(ctx, page)) },
		"OpportunityActiveSecureGet":   func() error { return give(q.OpportunityActiveSecureGet(ctx, k.ActiveDeal)) },
		"OpportunityActiveSecureList": func() error {
			return give(q.OpportunityActiveSecureList(ctx, db.OpportunityActiveSecureListParams{MaxRows: page}))
		},
		"OpportunityActiveSecureList (later page)": func() error {
			return give(q.OpportunityActiveSecureList(ctx, db.OpportunityActiveSecureListParams{
				BeforeAt: &k.MiddleDeal.At, BeforeID: &k.MiddleDeal.ID, MaxRows: page,
			}))
		},
		"OpportunityActiveSecureList (of an owner)": func() error {
			return give(q.OpportunityActiveSecureList(ctx, db.OpportunityActiveSecureListParams{AssignedToID: &k.User, MaxRows: page}))
		},
		"OpportunityFunnel": func() error { return give(q.OpportunityFunnel(ctx, page)) },
		"OpportunityGetOwner": func() error {
			return give(q.OpportunityGetOwner(ctx, db.OpportunityGetOwnerParams{OpportunityID: k.Deal}))
		},
		"OpportunityListContacts": func() error {
			return give(q.OpportunityListContacts(ctx, db.OpportunityListContactsParams{OpportunityID: k.Deal, MaxRows: page}))
		},
		"OpportunityListOwners": func() error {
			return give(q.OpportunityListOwners(ctx, db.OpportunityListOwnersParams{OpportunityID: k.Deal, MaxRows: page}))
		},
		"OpportunityActiveSecureListQuiet": func() error {
			return give(q.OpportunityActiveSecureListQuiet(ctx, db.OpportunityActiveSecureListQuietParams{Since: k.At, MaxRows: page}))
		},
		"OpportunityListQuiet": func() error {
			return give(q.OpportunityListQuiet(ctx, db.OpportunityListQuietParams{Since: k.At, MaxRows: page}))
		},
		"OpportunityListStages": func() error {
			return give(q.OpportunityListStages(ctx, db.OpportunityListStagesParams{OpportunityID: k.Deal, MaxRows: page}))
		},
		"OpportunityListTickets": func() error {
			return give(q.OpportunityListTickets(ctx, db.OpportunityListTicketsParams{MaxRows: page}))
		},
		"OpportunityListTickets (later page)": func() error {
			return give(q.OpportunityListTickets(ctx, db.OpportunityListTicketsParams{
				AfterTicketID: &k.MiddleTicket.ID, AfterContactEdgeID: &uuid.Max, AfterFiledEdgeID: &uuid.Max, MaxRows: page,
			}))
		},
		"OpportunityListTicketsByDeal": func() error {
			return give(q.OpportunityListTicketsByDeal(ctx, db.OpportunityListTicketsByDealParams{OpportunityID: k.Deal, MaxRows: page}))
		},
		"OpportunityListValues": func() error {
			return give(q.OpportunityListValues(ctx, db.OpportunityListValuesParams{OpportunityID: k.Deal, MaxRows: page}))
		},
		"PipelineGetByCode": func() error { return give(q.PipelineGetByCode(ctx, k.PipelineCode)) },
		"PipelineList":      func() error { return give(q.PipelineList(ctx, db.PipelineListParams{MaxRows: page})) },
		"PipelineListStages": func() error {
			return give(q.PipelineListStages(ctx, db.PipelineListStagesParams{PipelineIDs: []uuid.UUID{k.Pipeline}, MaxRows: page}))
		},
	}
}

func accessCalls(ctx context.Context, q *db.Queries, _ *keys) map[string]func() error {
	return map[string]func() error{
		"AccessGrantList": func() error { return give(q.AccessGrantList(ctx, db.AccessGrantListParams{MaxRows: page})) },
		"AssertionTypeAccessList": func() error {
			return give(q.AssertionTypeAccessList(ctx, db.AssertionTypeAccessListParams{MaxRows: page}))
		},
		"FieldClassificationList": func() error {
			return give(q.FieldClassificationList(ctx, db.FieldClassificationListParams{MaxRows: page}))
		},
		"RoleClassificationAccessList": func() error {
			return give(q.RoleClassificationAccessList(ctx, db.RoleClassificationAccessListParams{MaxRows: page}))
		},
	}
}

func importCalls(ctx context.Context, q *db.Queries, k *keys) map[string]func() error {
	return map[string]func() error{
		"ChangeListByNode": func() error {
			return give(q.ChangeListByNode(ctx, db.ChangeListByNodeParams{NodeID: k.Deal, MaxRows: page}))
		},
		"FileListByRun":          func() error { return give(q.FileListByRun(ctx, db.FileListByRunParams{RunNo: k.RunNo, MaxRows: page})) },
		"ProvenanceGetAssertion": func() error { return give(q.ProvenanceGetAssertion(ctx, k.Fact)) },
		"ProvenanceGetEdge":      func() error { return give(q.ProvenanceGetEdge(ctx, k.Edge)) },
		"ProvenanceGetEvent":     func() error { return give(q.ProvenanceGetEvent(ctx, k.Event)) },
		"ProvenanceGetNode":      func() error { return give(q.ProvenanceGetNode(ctx, k.Person)) },
		"ProvenanceListByAssertions": func() error {
			return give(q.ProvenanceListByAssertions(ctx, db.ProvenanceListByAssertionsParams{IDs: k.Facts, MaxRows: page}))
		},
		"ProvenanceListByEdges": func() error {
			return give(q.ProvenanceListByEdges(ctx, db.ProvenanceListByEdgesParams{IDs: k.Edges, MaxRows: page}))
		},
		"ProvenanceListByEvents": func() error {
			return give(q.ProvenanceListByEvents(ctx, db.ProvenanceListByEventsParams{IDs: k.Events, MaxRows: page}))
		},
		"ProvenanceListByNodes": func() error {
			return give(q.ProvenanceListByNodes(ctx, db.ProvenanceListByNodesParams{NodeIDs: k.People, MaxRows: page}))
		},
		"ConflictList": func() error {
			return give(q.ConflictList(ctx, db.ConflictListParams{MaxRows: page}))
		},
		"ConflictListByNode": func() error {
			return give(q.ConflictListByNode(ctx, db.ConflictListByNodeParams{NodeID: k.Person, MaxRows: page}))
		},
		"RejectCountByCode": func() error {
			return give(q.RejectCountByCode(ctx, db.RejectCountByCodeParams{RunNo: k.RunNo, MaxRows: page}))
		},
		"RejectListByRun": func() error {
			return give(q.RejectListByRun(ctx, db.RejectListByRunParams{RunNo: k.RunNo, MaxRows: page}))
		},
		"RunGet":          func() error { return give(q.RunGet(ctx, k.RunID)) },
		"RunListByPrefix": func() error { return give(q.RunListByPrefix(ctx, k.RunID.String()[:8])) },
		"RunGetLatest": func() error {
			return give(q.RunGetLatest(ctx, db.RunGetLatestParams{Source: k.Source, Status: ptr("done")}))
		},
		"RunList": func() error { return give(q.RunList(ctx, db.RunListParams{MaxRows: page})) },
	}
}

// keys name things that are there, and that everybody sees.
type keys struct {
	Person, Employer, Deal, ActiveDeal, Campaign, User, EventHub uuid.UUID
	Duplicate, Canonical, Pipeline, Artifact, ArtifactNode       uuid.UUID
	Fact, Edge, Event, RunEvent, RunID                           uuid.UUID
	People, Deals, Facts, Edges, Events                          []uuid.UUID
	DealCode, CodePrefix, PipelineCode                           string
	Email, EmailDomain, Phone, Name, Letters                     string
	ExternalSource, ExternalID, Source, Object, LegacyID         string
	Codes, Emails, Phones, Websites, LegacyIDs                   []string
	Contains, ContainsOne                                        json.RawMessage
	RunNo                                                        int32
	At                                                           time.Time

	// Rows in the middle of a list.
	MiddleCode, MiddleEmail, MiddleRecord, MiddleName place
	MiddlePerson, MiddleDeal, MiddleTicket            place
}

type place struct {
	Text string
	At   time.Time
	ID   uuid.UUID
}

func sampleKeys(tb testing.TB, pool *pgxpool.Pool) keys {
	tb.Helper()
	ctx := context.Background()
	k := keys{At: time.Date(2023, 6, 1, 0, 0, 0, 0, time.UTC)}
	scan := func(sql string, args []any, to ...any) {
		tb.Helper()
		require.NoError(tb, pool.QueryRow(ctx, sql, args...).Scan(to...), sql)
	}
	scan(`SELECT run_no, run_id, event_id, source FROM rye_import.runs ORDER BY run_no LIMIT 1`, nil, &k.RunNo, &k.RunID, &k.RunEvent, &k.Source)
	k.Object = "Contact"
	_, err := pool.Exec(ctx, `DROP TABLE IF EXISTS public.sampled; CREATE TABLE public.sampled AS
		SELECT n.* FROM rye.nodes n WHERE n.archived_at IS NULL AND n.attrs ->> 'classification' IS NULL`)
	require.NoError(tb, err)
	scan(`SELECT array_agg(id), array_agg(code), array_agg(email), array_agg(phone), array_agg(source_id) FROM (
		SELECT n.id, n.properties ->> 'code' AS code, n.properties ->> 'email' AS email, n.properties ->> 'phone' AS phone, m.source_id
		FROM public.sampled n JOIN rye.node_source_map m ON m.node_id = n.id
		WHERE m.source_table = 'Contact' AND n.properties ? 'email' AND n.properties ? 'phone'
			AND EXISTS (SELECT FROM rye.edges e WHERE e.target_id = n.id AND e.edge_type = 'employs' AND e.effective_to IS NULL)
		ORDER BY m.source_id OFFSET 100 LIMIT $1) x`, []any{page}, &k.People, &k.Codes, &k.Emails, &k.Phones, &k.LegacyIDs)
	k.Person, k.Email, k.Phone, k.LegacyID = k.People[0], k.Emails[0], k.Phones[0], k.LegacyIDs[0]
	scan(`SELECT label, external_source, external_id, split_part(properties ->> 'email', '@', 2), left(properties ->> 'last_name', 2),
		left(properties ->> 'code', -5), jsonb_build_object('email', properties -> 'email')
		FROM rye.nodes WHERE id = $1`, []any{k.Person},
		&k.Name, &k.ExternalSource, &k.ExternalID, &k.EmailDomain, &k.Letters, &k.CodePrefix, &k.ContainsOne)
	scan(`SELECT source_id FROM rye.edges WHERE target_id = $1 AND edge_type = 'employs' AND effective_to IS NULL`, []any{k.Person}, &k.Employer)
	scan(`SELECT array_agg(id), min(code) FROM (
		SELECT n.id, n.properties ->> 'code' AS code FROM public.sampled n
		WHERE n.node_type = 'opportunity'
			AND EXISTS (SELECT FROM rye.edges e WHERE e.source_id = n.id AND e.edge_type = 'primary_contact')
			AND EXISTS (SELECT FROM rye.event_participants p WHERE p.node_id = n.id)
		ORDER BY n.id LIMIT $1) x`, []any{page}, &k.Deals, &k.DealCode)
	k.Deal = k.Deals[0]
	scan(`SELECT o.node_id, o.assigned_to_id FROM rye.opportunities_active o JOIN public.sampled n ON n.id = o.node_id
		JOIN public.sampled u ON u.id = o.assigned_to_id ORDER BY o.node_id LIMIT 1`, nil, &k.ActiveDeal, &k.User)
	scan(`SELECT node_id FROM rye.event_participants GROUP BY node_id ORDER BY count(*) DESC LIMIT 1`, nil, &k.EventHub)
	scan(`SELECT source_id FROM rye.edges WHERE edge_type = 'campaign_target' GROUP BY source_id ORDER BY count(*) DESC LIMIT 1`, nil, &k.Campaign)
	scan(`SELECT m.duplicate_id, m.canonical_id FROM rye.node_merges m JOIN public.sampled n ON n.id = m.canonical_id ORDER BY m.id LIMIT 1`,
		nil, &k.Duplicate, &k.Canonical)
	scan(`SELECT id, properties ->> 'code' FROM rye.nodes WHERE node_type = 'pipeline' ORDER BY id LIMIT 1`, nil, &k.Pipeline, &k.PipelineCode)
	scan(`SELECT a.id, a.source_node_id FROM rye.artifacts a JOIN public.sampled n ON n.id = a.source_node_id ORDER BY a.id LIMIT 1`,
		nil, &k.Artifact, &k.ArtifactNode)
	scan(`SELECT array_agg(id) FROM (SELECT id FROM rye.assertions WHERE subject_node_id = ANY ($1) ORDER BY id LIMIT $2) x`, []any{k.Deals, page}, &k.Facts)
	scan(`SELECT array_agg(id) FROM (SELECT id FROM rye.edges WHERE source_id = ANY ($1) ORDER BY id LIMIT $2) x`, []any{k.Deals, page}, &k.Edges)
	scan(`SELECT array_agg(id) FROM (SELECT DISTINCT event_id AS id FROM rye.event_participants WHERE node_id = ANY ($1) ORDER BY 1 LIMIT $2) x`,
		[]any{k.Deals, page}, &k.Events)
	k.Fact, k.Edge, k.Event = k.Facts[0], k.Edges[0], k.Events[0]
	scan(`SELECT array_agg(properties ->> 'website') FROM (SELECT properties FROM public.sampled WHERE properties ? 'website' ORDER BY id LIMIT $1) x`,
		[]any{page}, &k.Websites)
	scan(`SELECT jsonb_build_object('industry', properties -> 'industry') FROM public.sampled
		WHERE node_type = 'org' AND properties ? 'industry' GROUP BY properties -> 'industry' ORDER BY count(*) DESC LIMIT 1`, nil, &k.Contains)

	middle := func(where, order string, p *place, args ...any) {
		tb.Helper()
		scan(`SELECT coalesce(properties ->> 'code', ''), created_at, id FROM public.sampled WHERE `+where+` ORDER BY `+order+`
			OFFSET (SELECT count(*) / 2 FROM public.sampled WHERE `+where+`) LIMIT 1`, args, &p.Text, &p.At, &p.ID)
	}
	middle(`node_type = 'person'`, `created_at, id`, &k.MiddlePerson)
	middle(`node_type = 'opportunity'`, `created_at, id`, &k.MiddleDeal)
	middle(`node_type = 'ticket'`, `id`, &k.MiddleTicket)
	middle(`starts_with(properties ->> 'code', $1)`, `properties ->> 'code' COLLATE "C"`, &k.MiddleCode, k.CodePrefix)
	middle(`split_part(properties ->> 'email', '@', 2) = $1`, `rye.email_key(properties ->> 'email') COLLATE "C"`, &k.MiddleEmail, k.EmailDomain)
	scan(`SELECT properties ->> 'email' FROM public.sampled WHERE id = $1`, []any{k.MiddleEmail.ID}, &k.MiddleEmail.Text)
	middle(`node_type = 'person'`, `coalesce(properties ->> 'last_name', ''), id`, &k.MiddleName)
	scan(`SELECT coalesce(properties ->> 'last_name', '') FROM public.sampled WHERE id = $1`, []any{k.MiddleName.ID}, &k.MiddleName.Text)
	scan(`SELECT source_id FROM rye.node_source_map WHERE source_table = $1 ORDER BY source_id OFFSET
		(SELECT count(*) / 2 FROM rye.node_source_map WHERE source_table = $1) LIMIT 1`, []any{k.Object}, &k.MiddleRecord.Text)
	_, err = pool.Exec(ctx, `DROP TABLE public.sampled`)
	require.NoError(tb, err)
	return k
}
