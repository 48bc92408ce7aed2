-- Read by sqlc alone, after the migrations; never run. It cannot tell the type of an expression in a
-- view, nor that it may be null. The tests of package db read rows of values and of nulls with it.
ALTER TABLE rye.opportunities_active
    ALTER COLUMN code SET DATA TYPE text,
    ALTER COLUMN name SET DATA TYPE text,
    ALTER COLUMN estimated_value DROP NOT NULL,
    ALTER COLUMN teams SET DATA TYPE text[],
    ALTER COLUMN stage SET DATA TYPE text,
    ALTER COLUMN pipeline SET DATA TYPE text,
    ALTER COLUMN stage_since DROP NOT NULL,
    ALTER COLUMN current_value DROP NOT NULL,
    ALTER COLUMN currency SET DATA TYPE text,
    ALTER COLUMN win_probability DROP NOT NULL,
    ALTER COLUMN primary_contact_id DROP NOT NULL,
    ALTER COLUMN assigned_to_id DROP NOT NULL;
ALTER TABLE rye.opportunities_active_secure
    ALTER COLUMN code SET DATA TYPE text,
    ALTER COLUMN name SET DATA TYPE text,
    ALTER COLUMN estimated_value DROP NOT NULL,
    ALTER COLUMN teams SET DATA TYPE text[],
    ALTER COLUMN stage SET DATA TYPE text,
    ALTER COLUMN pipeline SET DATA TYPE text,
    ALTER COLUMN stage_since DROP NOT NULL,
    ALTER COLUMN current_value DROP NOT NULL,
    ALTER COLUMN currency SET DATA TYPE text,
    ALTER COLUMN win_probability DROP NOT NULL,
    ALTER COLUMN primary_contact_id DROP NOT NULL,
    ALTER COLUMN assigned_to_id DROP NOT NULL;
ALTER TABLE rye.contacts_directory
    ALTER COLUMN code SET DATA TYPE text,
    ALTER COLUMN first_name SET DATA TYPE text,
    ALTER COLUMN last_name SET DATA TYPE text,
    ALTER COLUMN email SET DATA TYPE text,
    ALTER COLUMN phone SET DATA TYPE text,
    ALTER COLUMN title SET DATA TYPE text,
    ALTER COLUMN org_id DROP NOT NULL,
    ALTER COLUMN current_contact_info DROP NOT NULL,
    ALTER COLUMN current_sentiment DROP NOT NULL;
ALTER TABLE rye.contacts_directory_secure
    ALTER COLUMN code SET DATA TYPE text,
    ALTER COLUMN first_name SET DATA TYPE text,
    ALTER COLUMN last_name SET DATA TYPE text,
    ALTER COLUMN email SET DATA TYPE text,
    ALTER COLUMN phone SET DATA TYPE text,
    ALTER COLUMN title SET DATA TYPE text,
    ALTER COLUMN org_id DROP NOT NULL,
    ALTER COLUMN current_contact_info DROP NOT NULL,
    ALTER COLUMN current_sentiment DROP NOT NULL;
