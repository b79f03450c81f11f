/** How the console is built: into ../built, whose files the switch serves at `/` and `/console/`. */
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [svelte()],
  // Relative, so that the console also works below a path of a reverse proxy.
  base: './',
  build: {
    outDir: '../built',
    emptyOutDir: true,
    assetsDir: 'console',
    // The policy of the page lets it load nothing from `data:` but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    license: { fileName: 'console/licences.md' },
  },
  // `npm run dev` shows sources as they are, beside a switch that runs.
  server: { proxy: Object.fromEntries(['/v1', '/api', '/openapi.json'].map((path) => [path, 'http://127.0.0.1:9509'])) },
})
