// Package decode turns the bytes of an export file into records whose line and column stay known.
//
// Scan reads a file once and says what it is: CSV or one of the shapes in which CRMs write JSON, in
// which encoding, with which columns. NewReader then hands out its records one by one. Both go
// through the file as a stream: what they hold is bounded by Options.MaxRecordBytes, whatever the
// size of the file and whatever is wrong with it.
//
// One bad record costs one record: it comes as a *RecordError with its lines, and reading goes on.
// Only damage after which nothing can be trusted (malformed JSON, a read error) ends a file.
//
// Values are text, exactly as in the file: the package does not interpret dates, numbers or nulls,
// and it does not repair anything silently. Two things are made uniform, since they are matters of
// transport: text is UTF-8, and a line break inside of a CSV cell is LF.
//
// Nothing here starts a goroutine. A Reader must not be used concurrently; the records it handed
// out, and Profile, may be.
package decode
