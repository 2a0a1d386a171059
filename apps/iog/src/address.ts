// The address of a network: what may be typed, and whether a secret may travel to it.
import { UserError } from './failure.ts';

/** Without a slash at its end. Throws UserError for what is no address, holds what does not belong into one, or is neither private nor on this machine. */
export function networkAddress(text: string): string {
  const example = 'Give something like https://iog.example.com.';
  if (!URL.canParse(text)) throw new UserError(`"${text}" is not an address of a network.`, example);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new UserError(`"${text}" is not an address of a network.`, example);
  if (url.username !== '' || url.password !== '')
    throw new UserError('The address holds a name or a password.', 'Leave it out: the key is asked for, or read from --key-file.');
  if (url.search !== '' || url.hash !== '') throw new UserError(`"${text}" has more than an address in it.`, example);
  if (!isPrivateWay(text))
    throw new UserError(
      `${url.origin} is not on this machine and has no TLS: anyone on the way could read the key.`,
      `Use https://${url.host}, or reach it through a tunnel of your own at http://127.0.0.1:<port>.`,
    );
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** TLS, or loopback: nobody else reads along. */
export function isPrivateWay(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
