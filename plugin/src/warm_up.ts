// V8 runs what it compiled quickly, several times slower, until a function's loops have gone round some 10,000 times.
import type { Engine } from './engine';
import { getHost } from './host';

/**
 * Runs an engine's kernels, by its self-test, which is made of them, whenever the thread has nothing else to do: 3 ms at most, in
 * pieces. Weights are mostly still on their way then.
 */
export function warmUp(engine: Engine): void {
  const { now } = getHost();
  let left = 3;
  const piece = () => {
    const end = now() + 1;
    try {
      while (!engine.stopped && now() < end) engine.call('wxnn_self_test');
    } catch {
      return;  // nobody waits for a timer: whoever calls the engine next is told
    }
    if (--left) setTimeout(piece, 0);
  };
  setTimeout(piece, 0);
}
