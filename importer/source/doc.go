// Package source finds the files of a CRM export and opens them: folders, zip archives (read in
// place), single files, standard input, each of them also compressed with gzip. The worksheets of an
// Excel workbook are files of their own, which open as CSV.
//
// It does not look into the files further than it must to tell text from an archive and from
// other binary data; what a file holds is for package decode to say. It writes nothing but
// temporary files, follows no symbolic link inside a folder, and keeps no more of a
// file in memory than a read buffer.
package source
