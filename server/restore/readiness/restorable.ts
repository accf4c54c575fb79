import type { ChainFacts, LayerFacts, TargetFacts } from './facts.ts';
import type { Action, Reason } from './verdict.ts';
import { countWords, minuteWords, spanWords } from './words.ts';

/** What keeps the newest backup from being restored: layers that can't be read, damage that was found, a drill that failed. */
export function restorableReasons(facts: TargetFacts, now: number): Reason[] {
  return [...brokenReason(facts, now), ...damageReason(facts, now), ...drillReason(facts)];
}

function brokenReason(facts: TargetFacts, now: number): Reason[] {
  const { chain, point } = facts;
  if (chain === null) return [];
  const unread = chain.layers.findIndex(({ state }) => state === 'unread');
  const broken = chain.layers.findIndex(({ state }) => state !== 'readable' && state !== 'unread');
  const place = broken < 0 ? unread : broken;
  const layer = chain.layers[place];
  if (layer === undefined) return [];
  const what = layerWords(chain, place, layer);
  if (layer.state === 'unread')
    return [
      { level: 'unknown', kind: 'not-learnt', words: `Not all of it has been read: ${what}.`, action: null },
    ];
  const action = brokenAction(facts, chain, layer);
  return point === null
    ? [{ level: 'lost', kind: 'no-point', words: `Nothing can be restored: ${what}.`, action }]
    : [
        {
          level: 'at-risk',
          kind: 'chain-broken',
          words: `${chain.newest ? 'The newest backup' : 'The newest backup of some of its tables'} can’t be restored: ${what}. What can be is as of ${minuteWords(point.at)}, ${spanWords(now - Date.parse(point.at))} ago.`,
          action,
        },
      ];
}

function layerWords({ layers }: ChainFacts, place: number, { url, state, why }: LayerFacts): string {
  const layer = layers.length === 1 ? null : `layer ${place + 1} of the ${layers.length} of its chain`;
  // What a store or a manifest says names the place by itself.
  if (why?.includes(url) === true) return layer === null ? why : `${layer}: ${why}`;
  return `${layer === null ? `the backup ${url}` : `${layer}, ${url},`} ${STATE_WORDS[state]}${why === null ? '' : ` (${why})`}`;
}

const STATE_WORDS: Readonly<Record<LayerFacts['state'], string>> = {
  lost: 'is not where it was made',
  damaged: 'is damaged',
  unreachable: 'can’t be reached',
  unread: 'has not been answered for in time',
  readable: 'is readable',
};

/** A new full backup makes all good again, where there is still something to back up. */
function brokenAction(facts: TargetFacts, { url }: ChainFacts, layer: LayerFacts): Action {
  if (layer.state === 'unreachable')
    return { kind: 'mend-destination', url: layer.url, saved: facts.destination?.saved?.name ?? null };
  return fullBackup(facts) ?? { kind: 'restore-layer', url, layer: layer.url };
}

/** A full backup of the target; null where its cluster or its database isn't there. */
export function fullBackup({ source, present, cluster, database }: TargetFacts): Action | null {
  return source.state === 'up' && present !== false
    ? { kind: 'full-backup', cluster, databases: [database] }
    : null;
}

function damageReason(facts: TargetFacts, now: number): Reason[] {
  const { verify } = facts;
  if (verify?.outcome !== 'damaged') return [];
  return [
    {
      level: 'at-risk',
      kind: 'damage-found',
      words: `The last verify, ${spanWords(now - Date.parse(verify.at))} ago, found ${countWords(verify.findings, 'thing')} wrong with ${verify.url}: a restore of it stops there.`,
      action: fullBackup(facts) ?? { kind: 'see-job', jobId: verify.jobId, why: 'failed' },
    },
  ];
}

function drillReason({ drill }: TargetFacts): Reason[] {
  if (drill?.outcome !== 'failed') return [];
  return [
    {
      level: 'at-risk',
      kind: 'drill-failed',
      words: `The last drill, of ${drill.url}, failed: ${countWords(drill.findings, 'thing')} did not come back as it was.`,
      action: { kind: 'see-job', jobId: drill.jobId, why: 'failed' },
    },
  ];
}
