/** A host of static files that knows no routes: a file is a file, a folder its index.html, everything else 404.html. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  ...{ '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' },
  ...{ '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.woff2': 'font/woff2' },
};

interface Behaviour {
  /** `/sub/` or `/`. */
  mount: string;
  /** Leads `/extract` to `/extract/`, as most hosts do. */
  redirects: boolean;
  /** Files of the site, as paths in it, that are gone; `version` stands for what `_app/version.json` says instead. */
  isGone: (file: string) => boolean;
  version: string | null;
}

/** Serves the folder that `vite build` made. */
export async function startPlainHost(folder = 'build') {
  const behaviour: Behaviour = { mount: '/', redirects: true, isGone: () => false, version: null };
  // In some browsers a worker is under the policy of its page: here it always is.
  const policy = /content-security-policy" content="([^"]*)"/.exec(
    readFileSync(join(folder, 'index.html'), 'utf8'),
  )?.[1];
  const isFile = (path: string) => existsSync(path) && statSync(path).isFile();
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url!, 'http://host.invalid');
    const send = (status: number, file: string) => {
      if (policy && file.includes('/workers/')) response.setHeader('content-security-policy', policy);
      response.writeHead(status, { 'content-type': types[extname(file)] ?? 'application/octet-stream' });
      createReadStream(file).pipe(response);
    };
    const name = pathname.startsWith(behaviour.mount) ? pathname.slice(behaviour.mount.length) : null;
    const path = name === null ? null : join(folder, normalize(`/${decodeURI(name)}`));
    if (path === null) return void response.writeHead(404).end('Not of this site.');
    if (name === '_app/version.json' && behaviour.version) {
      return void response.writeHead(200).end(JSON.stringify({ version: behaviour.version }));
    }
    const isFolder = isFile(join(path, 'index.html'));
    if (isFolder && !pathname.endsWith('/') && behaviour.redirects) {
      return void response.writeHead(301, { location: `${pathname}/${search}` }).end();
    }
    if (isFolder && pathname.endsWith('/')) return send(200, join(path, 'index.html'));
    if (isFile(path) && !behaviour.isGone(name!)) return send(200, path);
    send(404, join(folder, '404.html'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin, behaviour, stop };
}
