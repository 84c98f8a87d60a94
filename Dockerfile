# One image for every part; compose.yaml says which part a container runs.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/newsapp/.venv
WORKDIR /opt/newsapp
COPY requirements.lock ./
RUN .venv/bin/pip install -q --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/pip install -q --no-deps --no-build-isolation -e .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/newsapp newsapp
COPY --from=build /opt/newsapp /opt/newsapp
ENV PATH=/opt/newsapp/.venv/bin:$PATH NEWSAPP_HOME=/var/lib/newsapp HOST=0.0.0.0
USER newsapp
WORKDIR /opt/newsapp
VOLUME /var/lib/newsapp
EXPOSE 8000 8001 8002
ENTRYPOINT ["newsapp"]
CMD ["--help"]
