import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { HoldfastError } from '../../errors.ts';
import type { S3Location } from '../locations/s3.ts';
import { bucketRegion, isChecksumRefusal, isClockCorrected } from './errors.ts';
import type { Tuning } from '../tuning.ts';

export interface S3Options {
  /** Resolves host names, as of `net.connect`; the system's resolver unless given. */
  lookup?: LookupFunction;
}

/**
 * More than one engine asks for at once: a request that waits for a socket is timed as if it waited for a connection
 * (setConnectionTimeout in @smithy/node-http-handler).
 */
const MAX_SOCKETS = 256;

/** Where Amazon's own service answers for buckets of any region, at least with which it is. */
const DEFAULT_REGION = 'us-east-1';

/** What one request learns, the next may do better: region, clock, checksums. */
const LESSONS = 3;

/**
 * The SDK's clients for one location. Each request is tried once: whoever asks decides whether it may be asked again.
 */
export class S3Connection {
  readonly #httpAgent: HttpAgent;
  readonly #httpsAgent: HttpsAgent;
  readonly #general: S3Client;
  readonly #reading: S3Client;
  /** For a connection, the beginning of an answer, and a refusal. */
  readonly #answerMs: number;
  readonly #configuredRegion: () => Promise<string>;
  /** The bucket's, once a refusal has told it. */
  #region: string | null = null;
  #checksums = true;
  /** Whether the service takes `If-None-Match`; until it has said that it doesn't. */
  conditionalWrites = true;

  constructor(location: S3Location, tuning: Tuning, { lookup }: S3Options) {
    const credentials = credentialsOf(location);
    const agentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS, lookup };
    this.#httpAgent = new HttpAgent(agentOptions);
    this.#httpsAgent = new HttpsAgent(agentOptions);
    const common = {
      ...(credentials !== null && { credentials }),
      ...(location.endpoint !== null && { endpoint: location.endpoint }),
      forcePathStyle: location.pathStyle,
      region: () => this.region(),
      maxAttempts: 1,
      // A body that was damaged on its way is refused by the service, and parts and objects of buckets with object lock have to
      // have a checksum.
      requestChecksumCalculation: () =>
        Promise.resolve(this.#checksums ? ('WHEN_SUPPORTED' as const) : ('WHEN_REQUIRED' as const)),
      // Every byte is checked against the backup's own checksums when it is read. Those of the service come for whole files of one
      // part only, and some services send them with ranges too, which they don't match.
      responseChecksumValidation: 'WHEN_REQUIRED',
      // With agents of our own the SDK sends the body without waiting for the answer to it.
      expectContinueHeader: false,
    } satisfies S3ClientConfig;
    const agents = {
      httpAgent: this.#httpAgent,
      httpsAgent: this.#httpsAgent,
      connectionTimeout: tuning.connectMs,
    };
    this.#general = new S3Client({
      ...common,
      // Until a byte is sent or received, on a socket that is connected.
      requestHandler: { ...agents, socketTimeout: tuning.stallMs },
    });
    this.#reading = new S3Client({
      ...common,
      // Until the answer begins. Who reads its body has a clock of his own (resumed-read.ts), which stands still while he isn't
      // reading; that of a socket would not.
      requestHandler: {
        ...agents,
        requestTimeout: tuning.stallMs,
        throwOnRequestTimeout: true,
        socketTimeout: 0,
      },
    });
    this.#answerMs = tuning.connectMs + 2 * tuning.stallMs;
    this.#configuredRegion =
      location.region === null ? regionOfMachine() : () => Promise.resolve(location.region ?? DEFAULT_REGION);
  }

  /** Whether the service takes checksums in headers; until it has said that it doesn't. */
  get checksums(): boolean {
    return this.#checksums;
  }

  /** The region that requests are signed for. */
  async region(): Promise<string> {
    return this.#region ?? (await this.#configuredRegion());
  }

  /** Makes a request, again if its refusal tells how it would do. `request` has to make its command anew each time. */
  call<T>(request: (client: S3Client) => Promise<T>): Promise<T> {
    return this.#call(() => request(this.#general));
  }

  /** The same for one whose body may be read slowly. A refusal has a body too, and nobody else watches whether that comes. */
  read<T>(request: (client: S3Client, signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#call(async () => {
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), this.#answerMs);
      try {
        return await request(this.#reading, late.signal);
      } catch (error) {
        throw late.signal.aborted ? timedOut() : error;
      } finally {
        clearTimeout(timer);
      }
    });
  }

  async #call<T>(request: () => Promise<T>): Promise<T> {
    for (let lesson = 0; ; lesson++) {
      const before = { region: await this.region(), checksums: this.#checksums };
      try {
        return await request();
      } catch (error) {
        if (lesson === LESSONS || !this.#learn(error, before, lesson)) throw error;
      }
    }
  }

  /**
   * The SDK follows a bucket to its region too (`followRegionRedirects`), but not from the 400 that most refusals are, for one
   * request only, and by setting the client's region meanwhile, which requests at the same time get into each other's way with.
   */
  #learn(error: unknown, before: { region: string; checksums: boolean }, lesson: number): boolean {
    const region = bucketRegion(error);
    if (region !== null && region !== before.region) {
      this.#region = region;
      return true;
    }
    // Some services refuse the checksums' headers: https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html
    if (before.checksums && isChecksumRefusal(error)) {
      this.#checksums = false;
      return true;
    }
    // The SDK has set its clock by the answer's.
    return lesson === 0 && isClockCorrected(error);
  }

  close(): void {
    this.#general.destroy();
    this.#reading.destroy();
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }
}

function timedOut(): Error {
  return Object.assign(new Error('the answer did not come'), { code: 'ETIMEDOUT' });
}

/** That of AWS_REGION or of the profile, as the SDK finds it. */
function regionOfMachine(): () => Promise<string> {
  const { config } = new S3Client({});
  let found: Promise<string> | null = null;
  return () => (found ??= config.region().catch(() => DEFAULT_REGION));
}

/** Null: the SDK looks for them where the machine has them. */
function credentialsOf({ credentials }: S3Location): S3ClientConfig['credentials'] | null {
  switch (credentials.kind) {
    case 'keys': {
      const { accessKeyId, secretAccessKey, sessionToken } = credentials;
      return { accessKeyId, secretAccessKey, ...(sessionToken !== null && { sessionToken }) };
    }
    case 'implicit':
      return null;
    case 'unstated':
      // CockroachDB's words (native-backup.txt).
      throw new HoldfastError(
        'location-invalid',
        "AUTH is set to 'specified', but AWS_ACCESS_KEY_ID is not set",
        {
          field: 'destination',
          hint:
            "Add AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, say AUTH=implicit to use what the engines' machine is allowed, " +
            'or save the destination with its credentials.',
        },
      );
  }
}
