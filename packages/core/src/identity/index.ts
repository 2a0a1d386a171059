export * from './identity.ts';
export * from './team.ts';
export * from './invitation.ts';
