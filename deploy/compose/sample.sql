-- A small shop, for first pipelines.
CREATE TABLE customers (
    id integer PRIMARY KEY,
    name text NOT NULL,
    city text NOT NULL
);

CREATE TABLE orders (
    id integer PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    ordered_at timestamp with time zone NOT NULL,
    amount numeric(10, 2) NOT NULL
);

INSERT INTO customers (id, name, city)
SELECT
    n,
    'customer ' || n,
    (ARRAY['Rome', 'Oslo', 'Lima', 'Kyoto'])[1 + n % 4]
FROM generate_series(1, 100) AS n;

INSERT INTO orders (id, customer_id, ordered_at, amount)
SELECT
    n,
    1 + (n * 7) % 100,
    timestamp with time zone '2024-01-01 00:00:00+00' + n * interval '37 minutes',
    round((5 + (n * 131) % 9973 / 100.0)::numeric, 2)
FROM generate_series(1, 5000) AS n;

-- Where pipelines may write to.
CREATE TABLE city_totals (
    city text PRIMARY KEY,
    orders bigint NOT NULL,
    amount numeric(12, 2) NOT NULL
);
