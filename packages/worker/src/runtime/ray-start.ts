// The command line and the environment of one Ray node: every port pinned, tokens on, losses found in seconds, nothing inherited.
import path from 'node:path';
import { markName } from './marked-processes.ts';

/** All ports of a node. Ray takes no others by itself, but for the servers that each `ray://` client gets (23000 to 23999). */
export interface NodePorts {
  readonly host: '127.0.0.1';
  readonly base: number;
  readonly gcs: number;
  readonly dashboard: number;
  readonly objectManager: number;
  readonly nodeManager: number;
  readonly agentHttp: number;
  readonly agentGrpc: number;
  readonly metrics: number;
  readonly runtimeEnv: number;
  readonly autoscalerMetric: number;
  readonly dashboardMetric: number;
  readonly rayClient: number;
  readonly workerMin: number;
  readonly workerMax: number;
}

export const portsPerNode = 80;
const fixedPorts = 12;

export function portsFrom(base: number): NodePorts {
  return {
    host: '127.0.0.1',
    base,
    gcs: base,
    dashboard: base + 1,
    objectManager: base + 2,
    nodeManager: base + 3,
    agentHttp: base + 4,
    agentGrpc: base + 5,
    metrics: base + 6,
    runtimeEnv: base + 7,
    autoscalerMetric: base + 8,
    dashboardMetric: base + 9,
    rayClient: base + 10,
    workerMin: base + fixedPorts,
    workerMax: base + portsPerNode - 1,
  };
}

export interface RayNode {
  readonly lease: string;
  readonly role: 'head' | 'member';
  readonly coreCount: number;
  readonly gpuCount: number;
  /** Uuids of the lease's GPUs: the renter's processes see no others. */
  readonly gpus?: readonly string[];
  readonly memoryBytes: number;
  readonly ports: NodePorts;
  /** host:port of the head's GCS; for members. */
  readonly headAddress: string | undefined;
  /** The folder of the Python environment that has Ray. */
  readonly python: string;
  /** The node's own folder, for its user alone. At most 42 characters: Ray puts sockets below it. */
  readonly tempDir: string;
  readonly tokenPath: string;
}

/** A third of a node's memory is for its object store, bounded: Ray maps it at once. */
const objectStoreLeastBytes = 80_000_000;
const objectStoreMostBytes = 2_000_000_000;

export function rayArguments(node: RayNode): string[] {
  const { ports, role } = node;
  const objectStoreBytes = Math.round(Math.min(objectStoreMostBytes, Math.max(objectStoreLeastBytes, node.memoryBytes * 0.3)));
  const common = [
    ['--node-ip-address', ports.host],
    ['--num-cpus', node.coreCount],
    ['--num-gpus', node.gpuCount],
    ['--memory', Math.max(100_000_000, node.memoryBytes - objectStoreBytes)],
    ['--object-store-memory', objectStoreBytes],
    ['--temp-dir', rayFolder(node.tempDir)],
    ['--object-manager-port', ports.objectManager],
    ['--node-manager-port', ports.nodeManager],
    ['--dashboard-agent-listen-port', ports.agentHttp],
    ['--dashboard-agent-grpc-port', ports.agentGrpc],
    ['--metrics-export-port', ports.metrics],
    ['--runtime-env-agent-port', ports.runtimeEnv],
    ['--min-worker-port', ports.workerMin],
    ['--max-worker-port', ports.workerMax],
    ['--labels', `iog-lease=${node.lease},iog-role=${role}`],
    ['--log-color', 'false'],
  ].flatMap((pair) => pair.map(String));
  const head = [
    '--head',
    '--port',
    String(ports.gcs),
    '--dashboard-host',
    ports.host,
    '--dashboard-port',
    String(ports.dashboard),
    '--include-dashboard',
    'true',
    '--ray-client-server-port',
    String(ports.rayClient),
  ];
  const own = role === 'head' ? head : ['--address', node.headAddress ?? ''];
  return [path.join(node.python, 'bin', 'ray'), 'start', '--block', '--disable-usage-stats', ...common, ...own];
}

/**
 * What Ray is given of a node's folder. Ray lets every user of the host write into it, and what it lays there, such as a job's source, may be
 * read by all: the node's folder around it shuts them out. One letter, for a Unix socket's path has 107 bytes and Ray takes some 90.
 */
export function rayFolder(tempDir: string): string {
  return path.join(tempDir, 'r');
}

/** The mark of a node's processes: its temporary folder is its own for as long as it lives. */
export function markOf(tempDir: string): string {
  return path.basename(tempDir);
}

/** Nothing of the worker's own environment goes into a node. */
export function rayEnvironment(node: RayNode): Record<string, string> {
  const shim = path.join(import.meta.dirname, 'python');
  return {
    PATH: `${path.join(node.python, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
    HOME: rayFolder(node.tempDir),
    TMPDIR: rayFolder(node.tempDir),
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    PYTHONPATH: shim,
    IOG_LOOPBACK: '1',
    IOG_LEASE: node.lease,
    [markName]: markOf(node.tempDir),
    CUDA_VISIBLE_DEVICES: (node.gpus ?? []).join(','),
    RAY_AUTH_MODE: 'token',
    RAY_AUTH_TOKEN_PATH: node.tokenPath,
    RAY_USAGE_STATS_ENABLED: '0',
    RAY_DISABLE_IMPORT_WARNING: '1',
    RAY_enable_metrics_collection: '0',
    AUTOSCALER_METRIC_PORT: String(node.ports.autoscalerMetric),
    DASHBOARD_METRIC_PORT: String(node.ports.dashboardMetric),
    // A dead node is found in 3 s, a frozen or cut one in 6, and calls to it do not hang for good.
    RAY_health_check_initial_delay_ms: '1000',
    RAY_health_check_period_ms: '1000',
    RAY_health_check_timeout_ms: '1000',
    RAY_health_check_failure_threshold: '3',
    RAY_grpc_client_keepalive_time_ms: '2000',
    RAY_grpc_client_keepalive_timeout_ms: '2000',
    RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S: '1',
  };
}
