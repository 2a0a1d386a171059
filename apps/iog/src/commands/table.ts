// The one table of commands. Help, parsing and suggestions are made from it.
import type { Command } from '../command.ts';
import { clusterCommands } from './cluster.ts';
import { controlCommand } from './control.ts';
import { deviceCommands } from './device.ts';
import { doctorCommand } from './doctor.ts';
import { identityCommands } from './identity.ts';
import { jobCommands } from './job.ts';
import { loginCommands } from './login.ts';
import { marketCommands } from './market.ts';
import { moneyCommands } from './money.ts';
import { operateCommands } from './operate.ts';
import { priceCommands } from './prices.ts';
import { rayCommand } from './ray.ts';
import { runCommand } from './run.ts';
import { startCommand } from './start.ts';
import { teamCommands } from './team.ts';
import { upCommand } from './up.ts';
import { workerCommands } from './worker.ts';

export const commands: readonly Command[] = [
  startCommand,
  upCommand,
  runCommand,
  ...marketCommands,
  ...clusterCommands,
  ...jobCommands,
  rayCommand,
  ...moneyCommands,
  ...priceCommands,
  ...deviceCommands,
  ...workerCommands,
  ...loginCommands,
  ...identityCommands,
  ...teamCommands,
  controlCommand,
  ...operateCommands,
  doctorCommand,
];
