-- What version 18 has besides.
CREATE TABLE shop.modern (
    a int CONSTRAINT a_is_there NOT NULL,
    b int GENERATED ALWAYS AS (a * 2) VIRTUAL,
    c int CONSTRAINT c_is_small CHECK (c < 5) NOT ENFORCED,
    plain int NOT NULL
);
CREATE TABLE shop.booked (room int4range, during daterange, UNIQUE (room, during WITHOUT OVERLAPS));
GRANT SELECT ON shop.modern, shop.booked TO {role};
