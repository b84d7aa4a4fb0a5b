# One image for every role: what it is, its settings say. See docs/deploy.md.
FROM node:26-slim AS parts
WORKDIR /opt/hatchway
COPY package.json package-lock.json ./
COPY packages/protocol/package.json packages/protocol/
COPY packages/device/package.json packages/device/
COPY packages/server/package.json packages/server/
COPY packages/console/package.json packages/console/
# Without what only tests and builds use; nothing that remains has an install script.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The web console, which needs the others to be built.
FROM node:26-slim AS console
WORKDIR /opt/hatchway
COPY package.json package-lock.json tsconfig.json ./
COPY packages packages
COPY examples examples
COPY scripts scripts
RUN npm ci --ignore-scripts --no-audit --no-fund && node scripts/console.ts

FROM node:26-slim
WORKDIR /opt/hatchway
COPY --from=parts /opt/hatchway ./
COPY LICENSE ./
COPY packages packages
COPY --from=console /opt/hatchway/packages/console/dist packages/console/dist
RUN install -d -o node -g node -m 0700 /var/lib/hatchway
USER node
ENV NODE_ENV=production HATCHWAY_DATA_DIR=/var/lib/hatchway HATCHWAY_HTTP_HOST=0.0.0.0
VOLUME /var/lib/hatchway
EXPOSE 1883 8080
# It asks itself, so it need not know its own certificate.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const { HATCHWAY_HTTP_PORT: port = 8080, HATCHWAY_HTTP_TLS: tls = '' } = process.env; process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; fetch(`http${/^(true|on|yes|1)$/i.test(tls) ? 's' : ''}://127.0.0.1:${port}/readyz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "packages/server/bin/hatchway.js"]
CMD ["serve"]
