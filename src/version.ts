import manifest from '../package.json' with { type: 'json' }

/** Of this build, from package.json. */
export const { version } = manifest
