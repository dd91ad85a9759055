"""The engine: Apache DataFusion. Only `engine` may be imported before a query is to run."""
