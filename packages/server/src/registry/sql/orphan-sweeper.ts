/**
 * Removes the devices of deleted products little by little. What a stop or a failure interrupts, the next sweep goes on
 * with. `sweepSome` tells whether it found any.
 */
export function orphanSweeper(
  sweepSome: () => Promise<boolean>,
  onError: (error: Error) => void,
): { sweep: () => void; stop: () => void } {
  let stopped = false
  let sweeping = false
  const run = async (): Promise<void> => {
    sweeping = true
    try {
      while (!stopped && (await sweepSome())) {
        // each round removed some: their number is finite
      }
    } finally {
      sweeping = false
    }
  }
  return {
    sweep() {
      if (!sweeping && !stopped) run().catch(onError) // unseen rows: nobody waits for them
    },
    stop() {
      stopped = true
    },
  }
}
