//! A real Ollama: see `make test-llm-real`.
