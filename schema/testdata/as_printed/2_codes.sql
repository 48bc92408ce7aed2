-- Codes padded with lpad alone.
CREATE OR REPLACE FUNCTION generate_crm_code(p_prefix text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_yymm text := to_char(now() AT TIME ZONE 'UTC', 'YYMM');
    v_seq int;
BEGIN
    INSERT INTO crm_code_counters (prefix, year_month, next_val)
    VALUES (p_prefix, v_yymm, 2)
    ON CONFLICT (prefix, year_month) DO UPDATE SET next_val = crm_code_counters.next_val + 1
    RETURNING next_val - 1 INTO v_seq;
    RETURN p_prefix || '-' || v_yymm || '-' || lpad(v_seq::text, 4, '0');
END
$$;
