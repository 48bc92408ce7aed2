//go:build linux || darwin

// Package pgserver runs the embedded database: a private PostgreSQL server of
// the user who calls, built from the PostgreSQL programs of the machine.
//
// [New] finds the programs, [Server.Acquire] starts the server or joins the one
// that runs, and the last [Lease.Release] stops it again, unless [Server.Start]
// pinned it. The server listens on a unix socket in a folder that only its own
// user may enter, so there is no password and no port.
//
// Everything lives in one home folder:
//
//	data/        the PostgreSQL data folder
//	run/         the socket (elsewhere when this path would be too long)
//	server.conf  the settings, written anew at each start
//	local.conf   settings of the user, read last; never written
//	server.log   what the server said; holds no row data
//	server.lock  held while the server is started or stopped
//	users.lock   held, shared, by every lease
//	alive.lock   held by every process of the server
//	pinned       there while "db start" is in force
//
// All locks are flocks: they end with the process that holds them, so a killed
// command leaves nothing behind that would have to be cleaned up by hand. The
// home must therefore be on a local file system.
//
// PostgreSQL refuses to run as root. Under root the server runs as the user
// "postgres", or "nobody" where there is no such user, and whatever else runs as
// that user can reach the database too.
//
// The package makes no promise about the schema: it hands out an empty database.
package pgserver
