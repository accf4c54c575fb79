/**
 * SQL for the rows of relation `c` (of pg_class) on `pages` pages: the rows a page of the last ANALYZE, as the
 * planner reckons; before the first one, what fits by the width of a row, 32 bytes for what has no fixed width.
 */
export function rowEstimateSql(pages: string, blockSize: number): string {
  return `CASE WHEN c.reltuples >= 0 AND c.relpages > 0 THEN round(c.reltuples / c.relpages * (${pages}))
    ELSE round((${pages}) * (${blockSize} - 24) / (28 + (
      SELECT coalesce(sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END), 0)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))) END`;
}
