import fc from 'fast-check'

// The gate must say the same of the same commit, so properties run on one seed; explore with FAST_CHECK_SEED=$RANDOM npm test.
const DEFAULT_SEED = 20_260_101
fc.configureGlobal({ seed: Number(process.env['FAST_CHECK_SEED'] ?? DEFAULT_SEED) })
