-- Run once by the postgres image as its superuser: a database and two roles for each service.
-- Neither role can connect to another service's database.
\set ON_ERROR_STOP on
\getenv password JAJAYA_DATABASE_PASSWORD
REVOKE CONNECT ON DATABASE postgres FROM PUBLIC;
REVOKE CONNECT ON DATABASE template1 FROM PUBLIC;
SELECT format('CREATE ROLE %I_%s LOGIN PASSWORD %L', service, part, :'password')
FROM unnest(ARRAY['user', 'order', 'worker', 'dispatch', 'payment', 'promotion']) AS service,
     unnest(ARRAY['owner', 'app']) AS part
\gexec
SELECT format('CREATE DATABASE %I OWNER %I_owner', service, service)
FROM unnest(ARRAY['user', 'order', 'worker', 'dispatch', 'payment', 'promotion']) AS service
\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', service)
FROM unnest(ARRAY['user', 'order', 'worker', 'dispatch', 'payment', 'promotion']) AS service
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I_app', service, service)
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
