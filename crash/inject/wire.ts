// Stands for a worker's wire: may die before and after evidence is sent, and before and after its acknowledgement is heard.
import { realWire as real, type Wire } from '../../packages/worker/src/session/wire.ts';
import { pass } from './mortal.ts';

export const realWire: Wire = (url, on) => {
  const link = real(url, {
    ...on,
    alive: () => on.alive(),
    closed: (reason) => on.closed(reason),
    text(text) {
      const isAcknowledgement = text.includes('"type":"acknowledged"');
      if (isAcknowledgement) pass('evidence.before-acknowledged');
      on.text(text);
      if (isAcknowledgement) pass('evidence.after-acknowledged');
    },
  });
  return {
    ...link,
    send(text) {
      const isEvidence = text.includes('"type":"evidence"');
      if (isEvidence) pass('evidence.before-send');
      link.send(text);
      if (isEvidence) pass('evidence.after-send');
    },
  };
};
