import type { ProofHead } from '../../metadata/proofs.ts';
import { VERIFY_DEPTHS, type VerifyDepth } from '../../statement/ast.ts';
import type { DrillFacts, VerifyFacts } from './facts.ts';

type VerifyHead = Extract<ProofHead, { kind: 'verify' }>;
type DrillHead = Extract<ProofHead, { kind: 'drill' }>;

/**
 * The verify that says most of a chain, given oldest to newest: damage that no later verify, at least as deep, of this layer or one
 * after it has disproved; else the newest that read the files of the newest layer; else the newest one of any backup of the target.
 */
export function verifyOf(proofs: readonly ProofHead[], layers: readonly string[]): VerifyFacts | null {
  const newest = layers.at(-1);
  const verifies = proofs
    .filter((proof): proof is VerifyHead => proof.kind === 'verify')
    .sort((one, other) => other.finishedAt.getTime() - one.finishedAt.getTime());
  const placeOf = ({ location }: ProofHead): number => layers.indexOf(location);
  const damage = verifies.find(
    (one) =>
      one.outcome === 'damaged' &&
      placeOf(one) >= 0 &&
      !verifies.some(
        (other) =>
          other.outcome === 'sound' &&
          other.finishedAt > one.finishedAt &&
          placeOf(other) >= placeOf(one) &&
          rank(other.depth) >= rank(one.depth),
      ),
  );
  const sound = verifies.filter(({ outcome }) => outcome === 'sound');
  const ofNewest = sound.filter(({ location }) => location === newest);
  const told = damage ?? ofNewest.find(({ depth }) => depth !== 'files') ?? ofNewest[0] ?? sound[0];
  if (told === undefined) return null;
  return { ...common(told, newest), depth: told.depth, outcome: told.outcome };
}

/** The newest drill of any backup of the target. */
export function drillOf(proofs: readonly ProofHead[], newest: string | undefined): DrillFacts | null {
  const [told] = proofs
    .filter((proof): proof is DrillHead => proof.kind === 'drill')
    .sort((one, other) => other.finishedAt.getTime() - one.finishedAt.getTime());
  if (told === undefined) return null;
  return { ...common(told, newest), outcome: told.outcome, on: told.cluster };
}

function common({ jobId, location, finishedAt, figures }: ProofHead, newest: string | undefined) {
  return {
    jobId,
    url: location,
    at: finishedAt.toISOString(),
    ofNewest: location === newest,
    findings: figures.findings,
  };
}

function rank(depth: VerifyDepth): number {
  return VERIFY_DEPTHS.indexOf(depth);
}
