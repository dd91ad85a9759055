"""The plugin that ships with core: files, formats, local storage, secrets and the engine."""
