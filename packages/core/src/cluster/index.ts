// The face of cluster, lease and job decisions.
export * from './story.ts';
export * from './create.ts';
export * from './step.ts';
export * from './extend.ts';
export * from './groups.ts';
export * from './place.ts';
export * from './assignment.ts';
export * from '../lease/lease.ts';
export * from '../job/job.ts';
export * from '../job/blob.ts';
