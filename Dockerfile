# Bongsu as an image: the console by Node.js, the program by cargo, and of both only what runs.
FROM node:22-bookworm-slim AS console
WORKDIR /src/dashboards
COPY dashboards/package.json dashboards/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY dashboards ./
RUN npm run check && npm run build

FROM rust:1.90-bookworm AS program
WORKDIR /src
COPY . .
COPY --from=console /src/dashboards/dist dashboards/dist
RUN cargo build --release --locked --package bongsu-gateway --bin bongsu

FROM debian:bookworm-slim
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/bongsu --create-home bongsu
COPY --from=program /src/target/release/bongsu /usr/bin/bongsu
USER bongsu
WORKDIR /etc/bongsu
ENV BONGSU_DATA=/var/lib/bongsu
VOLUME /var/lib/bongsu
EXPOSE 1883 8080 8081
# The image holds no tool that asks over HTTP; its shell can open a socket.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q ' 200 ' <&3"]
# SIGTERM is what ends it in order; it then stores what its sockets still hold.
STOPSIGNAL SIGTERM
ENTRYPOINT ["bongsu"]
CMD ["serve"]
