/**
 * Stands in for the engine or the console where only their being started and stopped matters; `STAND_IN` says how
 * it behaves.
 */
switch (process.env.STAND_IN) {
  case 'fail':
    process.send?.({ type: 'failed', message: 'it is Monday' }, undefined, undefined, () => process.exit(1));
    break;
  case 'die':
    process.send?.({ type: 'ready' }, undefined, undefined, () => process.exit(3));
    break;
  case 'deaf':
    process.on('SIGTERM', () => undefined);
    run();
    break;
  default:
    process.on('SIGTERM', () => process.exit(0));
    run();
}

function run(): void {
  process.on('disconnect', () => process.exit(0));
  setInterval(() => undefined, 60_000);
  process.stdout.write(`${JSON.stringify({ level: 30, msg: 'stand-in runs' })}\n`);
  process.stdout.write(`${JSON.stringify({ level: 50, msg: 'stand-in is unwell' })}\n`);
  process.send?.({ type: 'ready' });
}
