import pg from 'pg';

/** Runs SQL in a session of its own; answers the rows of the last statement. */
export async function runSql(config: pg.ClientConfig, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(config);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const answer: unknown = await client.query(sql);
    const last: unknown = Array.isArray(answer) ? answer.at(-1) : answer;
    return (last as pg.QueryResult<Record<string, unknown>>).rows;
  } finally {
    await client.end();
  }
}
