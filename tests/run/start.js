/** `npm start`: builds the site and serves it, and says where. */
import { build, preview } from 'vite';

const port = Number(process.env.PORT ?? 4173);
await build({ logLevel: 'warn' });
const server = await preview({ preview: { port, strictPort: true }, logLevel: 'warn' });
console.log(
  `\n  Personascope is at http://localhost:${port}\n  Open it in Chrome, Edge or Safari 26. Stop it with Ctrl+C.\n`,
);
process.on('SIGTERM', () => void server.close().then(() => process.exit(0)));
