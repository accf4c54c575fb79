'use client';
import { Card, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { isFinal } from '../../server/jobs/job.ts';
import type { JobView } from '../../server/jobs/job.ts';
import { DrillFindings } from '../drill/drill-findings.tsx';
import { formatDuration, plural } from '../format.ts';
import { useTRPC } from '../trpc.ts';
import { Fact, Facts } from '../ui/fact.tsx';
import { Bytes, Count } from '../ui/figures.tsx';

/** What a DRILL restored and compared, and what it found; nothing before it has ended. */
export function JobDrill({ job }: { job: JobView }) {
  const trpc = useTRPC();
  const drill = useQuery(
    trpc.drills.ofJob.queryOptions({ id: job.id }, { enabled: job.kind === 'DRILL' && isFinal(job.state) }),
  ).data;
  if (drill == null) return null;
  const { outcome, figures } = drill;
  const uncompared = figures.uncompared ?? 0;
  return (
    <Card component="section" aria-label="Result">
      <Stack gap="md">
        <Title order={2}>{outcome === 'passed' ? 'What was proved' : 'What was found'}</Title>
        {outcome === 'passed' && (
          <Facts>
            <Fact label="Rows">
              <Count value={figures.rows} />, read back and the same as in the backup
              {uncompared > 0 &&
                `; of ${plural(uncompared, 'table')}, restored layer by layer, they were only counted`}
            </Fact>
            <Fact label="Definitions">
              columns, keys, constraints, indexes and foreign keys are all there
            </Fact>
            {figures.restoreMs !== undefined && (
              <Fact label="The restore took">{formatDuration(figures.restoreMs)}</Fact>
            )}
            <Fact label="Files">
              <Count value={figures.files} /> (<Bytes value={figures.bytes} /> stored)
            </Fact>
          </Facts>
        )}
        {outcome === 'failed' && <DrillFindings drill={drill} />}
      </Stack>
    </Card>
  );
}
