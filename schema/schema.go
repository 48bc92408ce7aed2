// Package schema embeds the only DDL of the project: the migrations that make the rye and the
// rye_import schema, and what must stand before the first of them.
package schema

import "embed"

// Migrations are the numbered SQL files, with goose annotations.
//
//go:embed 0*.sql
var Migrations embed.FS

// Bootstrap is the SQL that runs before every migration; it is repeatable.
//
//go:embed bootstrap.sql
var Bootstrap string
