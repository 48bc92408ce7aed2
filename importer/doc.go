// Package importer brings the export of a legacy CRM into a Rye graph.
//
// A run goes through stages, each a package of its own that hands values to the next:
//
//	source   finds and opens files: folders, zips, single files, standard input
//	decode   turns bytes into records that know their line
//	mapping  turns a record into nodes, links, facts and events, still under the CRM's own keys
//	load     copies batches into staging, and merges them into the graph in one transaction
//	report   renders what came of it
//
// Verify takes the first three again and hands what they give to the package verify, which compares it
// with the graph.
//
// This package drives them: it surveys the files, runs one reader and several workers with a
// bounded queue between them, checks that the run balances before anything becomes visible, and
// writes the reject files.
//
// It promises that a run is all or nothing for readers of the graph, that running the same export
// again changes nothing, and that records = created + updated + unchanged + archived + rejected +
// filtered for each object. Its memory does not grow with the number of records; it does with the
// length of one (Options of decode).
package importer
