// The face of fleet decisions: devices, their units, enrolment, capacity proofs.
export * from './units.ts';
export * from './gpu-model.ts';
export * from './enrolment.ts';
export * from './device.ts';
export * from './join-token.ts';
export * from './uptime.ts';
export * from './capacity.ts';
export * from './device-view.ts';
