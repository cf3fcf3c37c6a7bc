# The hub, for both stores, on Node 26. The embedded store is in the volume /data, and nothing else is written. With
# MONGODB_URL, /data only buffers files on their way in and may be a tmpfs.
FROM node:26-slim AS dependencies
WORKDIR /hub
COPY package.json package-lock.json ./
# Without install scripts: the only package that has one installs Node, which the image already has.
RUN npm ci --omit=dev --ignore-scripts

# The page for browsers, built with development dependencies, which stay in this stage.
FROM node:26-slim AS page
WORKDIR /hub
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build-page.js ./scripts/
COPY src ./src
RUN node scripts/build-page.js

FROM node:26-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /hub
COPY --from=dependencies /hub/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY schemas ./schemas
COPY openapi ./openapi
COPY --from=page /hub/dist/page ./dist/page
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
# Node directly, not npm, so that it receives SIGTERM.
ENTRYPOINT ["node", "src/aas-hub.js"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||8080)+'/readyz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
