'use client';
import { Anchor } from '@mantine/core';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { useNow } from '../ui/clock.ts';
import { Age, Moment } from '../ui/figures.tsx';
import {
  chainWords,
  deadlineWords,
  destinationWords,
  drillWords,
  estimateWords,
  paceWords,
  unprotectedWords,
  verifyWords,
} from './sentences.ts';
import classes from './target-card.module.css';
import type { TargetFacts as Facts } from './use-readiness.ts';

/** What root wants to know of a target at one look. */
export function TargetFacts({ facts }: { facts: Facts }) {
  const now = useNow();
  const { point, verify, drill } = facts;
  const chain = chainWords(facts);
  const deadline = deadlineWords(facts, now);
  return (
    <dl className={classes.facts}>
      <Fact label="Newest point" bad={point === null}>
        {point === null ? (
          'none'
        ) : (
          <>
            <Moment at={point.at} />
            <Why>
              <Age at={point.at} />; what was written since would be lost
            </Why>
          </>
        )}
      </Fact>
      <Fact label="Time to restore">
        {estimateWords(facts)}
        <Why>{paceWords(facts)}</Why>
      </Fact>
      <Fact label="Chain" bad={!chain.well}>
        {chain.words}
      </Fact>
      <Fact label="Last verify" bad={verify?.outcome === 'damaged'}>
        <Proof proof={verify}>{verifyWords(facts)}</Proof>
      </Fact>
      <Fact label="Last drill" bad={drill?.outcome === 'failed'}>
        <Proof proof={drill}>{drillWords(facts)}</Proof>
      </Fact>
      <Fact label="Next incremental">
        {deadline.words}
        {deadline.why !== null && <Why>{deadline.why}</Why>}
      </Fact>
      <Fact
        label="Tables in no backup"
        bad={facts.unprotected.kind === 'known' && facts.unprotected.tables.length > 0}
      >
        {unprotectedWords(facts)}
      </Fact>
      <Fact label="Destination" bad={facts.destination?.reachable === false}>
        {destinationWords(facts)}
      </Fact>
    </dl>
  );
}

function Fact({ label, bad = false, children }: { label: string; bad?: boolean; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt className={classes.label}>{label}</dt>
      <dd className={bad ? `${classes.value} ${classes.bad}` : classes.value}>{children}</dd>
    </div>
  );
}

function Why({ children }: { children: ReactNode }) {
  return <div className={classes.why}>{children}</div>;
}

function Proof({
  proof,
  children,
}: {
  proof: { jobId: string; at: string; ofNewest: boolean } | null;
  children: ReactNode;
}) {
  if (proof === null) return children;
  return (
    <>
      {children}
      <Why>
        <Age at={proof.at} />
        {proof.ofNewest ? '' : ', of an older backup'} ·{' '}
        <Anchor component={Link} href={`/jobs/${proof.jobId}`} inherit underline="always">
          its job
        </Anchor>
      </Why>
    </>
  );
}
