// What a tfjs graph model calls its inputs and outputs.

type Endpoints = { [key: string]: { name?: string } } | null;

interface Signature {
  inputs?: Endpoints;
  outputs?: Endpoints;
}

/** tfjs's ModelArtifacts, as far as they are looked at here. */
export interface Artifacts {
  signature?: Signature;
  userDefinedMetadata?: { signature?: Signature };
}

/**
 * Inputs or outputs as the engine calls them (the signature's keys), each with the name that tfjs's executor takes. `otherwise`:
 * tfjs's names, where the model has no signature.
 */
export function endpointsOf(artifacts: Artifacts, which: 'inputs' | 'outputs', otherwise: string[]): { name: string; tensor: string }[] {
  const signature = artifacts.signature || (artifacts.userDefinedMetadata || {}).signature || {};
  const entries = signature[which] || {};
  const keys = Object.keys(entries);
  return keys.length ? keys.map((name) => ({ name, tensor: entries[name].name || name })) : otherwise.map((tensor) => ({ name: tensor.replace(/:0$/, ''), tensor }));
}
