/** `npm start`: builds the site and serves it, and says where. */
import { createServer } from 'node:net';
import { build, preview } from 'vite';

const port = Number(process.env.PORT ?? 4173);
const refusal = await findRefusal();
if (refusal) {
  console.error(`\n  ${refusal} Choose another: PORT=5000 npm start\n`);
  process.exit(1);
}
await build({ logLevel: 'warn' });
const server = await preview({ preview: { port, strictPort: true }, logLevel: 'warn' });
console.log(
  `\n  Personascope is at http://localhost:${port}\n  Open it in Chrome, Edge or Safari 26. Stop it with Ctrl+C.\n`,
);
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));

/**
 * Why nothing can be served there; asked before the build, which takes a while.
 * @returns {Promise<string | null>}
 */
async function findRefusal() {
  if (!Number.isInteger(port) || port < 1 || port > 65535) return `PORT is ${process.env.PORT}, which is no port.`;
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (/** @type {NodeJS.ErrnoException} */ { code }) =>
      resolve(code === 'EADDRINUSE' ? `Port ${port} is taken.` : `Port ${port} can't be used (${code}).`),
    );
    probe.listen(port, 'localhost', () => probe.close(() => resolve(null)));
  });
}
