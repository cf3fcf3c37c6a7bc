# The hub, for both stores. The image brings Node 26; the embedded store lies in the volume /data, and nothing else is
# written. With MONGODB_URL only files on their way in pass through /data, which may be memory then.
FROM node:26-slim AS dependencies
WORKDIR /hub
COPY package.json package-lock.json ./
# Scripts are off: the only package that has one brings Node for machines without it.
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /hub
COPY --from=dependencies /hub/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY schemas ./schemas
COPY openapi ./openapi
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8080
# Node directly, not npm: it is the process that gets SIGTERM.
ENTRYPOINT ["node", "src/aas-hub.js"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+(process.env.PORT||8080)+'/readyz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
