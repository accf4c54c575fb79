import { describe, expect, test } from 'vitest';
import { readConfig } from './config.ts';

describe('readConfig', () => {
  test('has a default for everything', () => {
    expect(readConfig({}, '/srv/holdfast')).toEqual({
      dataDir: '/srv/holdfast/data',
      clusterUrl: null,
      metadataUrl: null,
      externDir: '/srv/holdfast/data/extern',
      host: '127.0.0.1',
      port: 3000,
      sqlPort: 26256,
      embeddedPort: 26255,
      rootPassword: null,
      engineTasks: 4,
      locality: '',
      limits: { node: 12, job: 10_000, all: 10_000 },
      patienceMs: 600_000,
    });
  });

  test('reads every variable, and takes an empty one as not set', () => {
    const config = readConfig(
      {
        HOLDFAST_DATA_DIR: '/var/lib/holdfast',
        HOLDFAST_CLUSTER_URL: 'simulated://3',
        HOLDFAST_METADATA_URL: 'postgresql://u:p@db.example:5432/holdfast',
        HOLDFAST_EXTERN_DIR: 'nfs',
        HOLDFAST_HOST: '::1',
        HOLDFAST_PORT: '1',
        HOLDFAST_SQL_PORT: '65535',
        HOLDFAST_EMBEDDED_PORT: '',
        HOLDFAST_ROOT_PASSWORD: 'grün und gut',
        HOLDFAST_ENGINE_TASKS: '8',
        HOLDFAST_LOCALITY: 'region=eu-west,zone=b',
        HOLDFAST_NODE_TASKS: '2',
        HOLDFAST_JOB_TASKS: '20',
        HOLDFAST_TASKS: '30',
        HOLDFAST_PATIENCE: '60',
      },
      '/srv',
    );
    expect(config).toEqual({
      dataDir: '/var/lib/holdfast',
      clusterUrl: 'simulated://3',
      metadataUrl: 'postgresql://u:p@db.example:5432/holdfast',
      externDir: '/srv/nfs',
      host: '::1',
      port: 1,
      sqlPort: 65535,
      embeddedPort: 26255,
      rootPassword: 'grün und gut',
      engineTasks: 8,
      locality: 'region=eu-west,zone=b',
      limits: { node: 2, job: 20, all: 30 },
      patienceMs: 60_000,
    });
  });

  test.each(['postgres://db/x', 'postgresql://db/x', 'cockroachdb://node/x', 'simulated://3'])(
    'takes a cluster at %s',
    (url) => expect(readConfig({ HOLDFAST_CLUSTER_URL: url }).clusterUrl).toBe(url),
  );

  test.each([
    ['HOLDFAST_PORT', 'abc', 'HOLDFAST_PORT: "abc" is not a port (1 to 65535)'],
    ['HOLDFAST_PORT', '0', 'HOLDFAST_PORT: "0" is not a port (1 to 65535)'],
    ['HOLDFAST_SQL_PORT', '65536', 'HOLDFAST_SQL_PORT: "65536" is not a port (1 to 65535)'],
    ['HOLDFAST_EMBEDDED_PORT', '1e3', 'HOLDFAST_EMBEDDED_PORT: "1e3" is not a port (1 to 65535)'],
    ['HOLDFAST_ENGINE_TASKS', '0', 'HOLDFAST_ENGINE_TASKS: "0" is not a number of tasks (1 to 64)'],
    ['HOLDFAST_NODE_TASKS', '0', 'HOLDFAST_NODE_TASKS: "0" is not a number of tasks (1 to 10000)'],
    ['HOLDFAST_PATIENCE', '5', 'HOLDFAST_PATIENCE: "5" is not a number of seconds (10 to 86400)'],
    ['HOLDFAST_LOCALITY', 'eu', 'HOLDFAST_LOCALITY: "eu" is not a locality such as region=eu,zone=b'],
    ['HOLDFAST_HOST', 'a b', 'HOLDFAST_HOST: "a b" is not a host name or an address'],
    [
      'HOLDFAST_CLUSTER_URL',
      'simulated://0',
      'HOLDFAST_CLUSTER_URL: the URL of the simulated cluster names no number of nodes from 1 to 1000',
    ],
    ['HOLDFAST_PORT', '26256', 'HOLDFAST_SQL_PORT: 26256 is the port of HOLDFAST_PORT too'],
  ])('refuses %s=%s', (name, value, message) => {
    expect(() => readConfig({ [name]: value })).toThrow(message);
  });

  test('never repeats a URL or a password', () => {
    for (const [name, value] of [
      ['HOLDFAST_CLUSTER_URL', 'mysql://root:hunter2@db/'],
      ['HOLDFAST_CLUSTER_URL', 'simulated://3?password=hunter2'],
      ['HOLDFAST_METADATA_URL', 'hunter2'],
      ['HOLDFAST_ROOT_PASSWORD', 'hunter2\n'],
    ] as const) {
      expect(() => readConfig({ [name]: value })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      );
      expect(() => readConfig({ [name]: value })).toThrow(name);
    }
  });

  test('names every variable that is wrong, a line each', () => {
    expect(() => readConfig({ HOLDFAST_PORT: 'x', HOLDFAST_SQL_PORT: 'y' })).toThrow(
      'HOLDFAST_PORT: "x" is not a port (1 to 65535)\nHOLDFAST_SQL_PORT: "y" is not a port (1 to 65535)',
    );
  });
});
