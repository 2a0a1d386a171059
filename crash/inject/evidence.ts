// Stands for control's intake of evidence: may die once it is stored and before it is acknowledged.
import { takeEvidence as real } from '../../packages/control/src/timelock/evidence.ts';
import { pass } from './mortal.ts';

export const takeEvidence: typeof real = async (...given) => {
  const upTo = await real(...given);
  if (upTo !== undefined) pass('evidence.after-commit');
  return upTo;
};
