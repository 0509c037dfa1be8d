-- Run once by the postgres image as its superuser: a database and two roles for each service.
-- Neither role can connect to another service's database.
\set ON_ERROR_STOP on
\getenv password JAJAYA_DATABASE_PASSWORD
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;
-- "user" and "order" are words of SQL: %I has to see a role's whole name, or it quotes half of it.
SELECT format('CREATE ROLE %I LOGIN PASSWORD %L', service || '_' || part, :'password')
FROM unnest(ARRAY['user', 'order', 'worker', 'dispatch', 'payment', 'promotion']) AS service,
     unnest(ARRAY['owner', 'app']) AS part
\gexec
SELECT format('CREATE DATABASE %I OWNER %I', service, service || '_owner')
FROM unnest(ARRAY['user', 'order', 'worker', 'dispatch', 'payment', 'promotion']) AS service
\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', service)
FROM unnest(ARRAY['user', 'order', 'worker', 'dispatch', 'payment', 'promotion']) AS service
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', service, service || '_app')
FROM unnest(ARRAY['user', 'order', 'worker', 'dispatch', 'payment', 'promotion']) AS service
\gexec
\c user
CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
\c order
CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
\c worker
CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
\c dispatch
CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
\c payment
CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
\c promotion
CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
