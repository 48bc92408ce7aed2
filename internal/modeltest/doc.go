// Package modeltest holds a test of the rules of a later run, docs/architecture.md: random lives of a small CRM
// (testdata/crm.yaml) are imported step by step, and after each step the graph is compared with a model that
// was written from the rules and knows nothing of the merge. It has nothing for programs.
//
// A life is a list of actions on records, which say all that they do, and of exports. Many lives go side by
// side through one database, since a run costs as much for one as for hundreds; one that fails is imported alone
// and made shorter, as long as it fails. The model goes through the rules in the order in which they stand in
// run. Where the rules are silent, it says what users would expect, or, with a comment, what the importer does.
package modeltest
