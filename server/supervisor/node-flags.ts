/**
 * How Node runs each kind of process. An engine's rows go through buffers outside of V8's heap, which V8 counts: begun with a
 * small heap, it looks for garbage a dozen times a second, on threads that the rows' compression wants. The figure is MiB.
 */
export const NODE_FLAGS: Record<'engine' | 'console', readonly string[]> = {
  engine: ['--initial-heap-size=256'],
  console: [],
};
