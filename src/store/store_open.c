#include "store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"

/* Nothing here opens the file but SQLite (and whoever creates it): closing any other descriptor of
 * it would drop the locks of all this process's connections to it. */

/* ---- the file ---- */

static bool create_file(const char *path, struct error *error)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	char *directory;
	bool done;

	if (fd < 0 && errno == EEXIST)
		return true;
	if (fd < 0) {
		enum error_kind kind = errno == ENOSPC || errno == EDQUOT || errno == EIO ||
						       errno == EMFILE || errno == ENFILE
					       ? ERROR_TEMPORARY
					       : ERROR_PERMANENT;
		return error_set(error, kind, "%s: cannot be created: %s%s", path, strerror(errno),
			errno == ENOENT	  ? "; make its directory, for the service's user alone"
			: errno == EACCES ? "; see that its directory belongs to the service's user"
					  : "");
	}
	/* SQLite gives the log beside it the same mode. */
	(void)fchmod(fd, 0600);
	close(fd);
	directory = path_directory(path);
	done = directory_sync(directory, error);
	free(directory);
	return done;
}

static bool check_access(const char *path, struct error *error)
{
	char *directory = path_directory(path);
	const char *denied = NULL;

	if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0)
		denied = path;
	else if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0)
		denied = directory;
	if (denied != NULL)
		error_set(error, ERROR_PERMANENT,
			"%s: may not be written (%s); see that the store and its directory belong "
			"to the service's user",
			denied, strerror(errno));
	free(directory);
	return denied == NULL;
}

/* The size of PATH with SUFFIX; 0 when there is none. */
static off_t size_beside(const char *path, const char *suffix)
{
	char *name = xasprintf("%s%s", path, suffix);
	struct stat status;
	off_t size = stat(name, &status) == 0 ? status.st_size : 0;

	free(name);
	return size;
}

static bool ready_file(const char *path, off_t *size, struct error *error)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		if (errno != ENOENT)
			return error_set(error, ERROR_PERMANENT, "%s: cannot be opened: %s", path,
				strerror(errno));
		if (!create_file(path, error))
			return false;
		if (stat(path, &status) != 0)
			return error_set(error, ERROR_TEMPORARY, "%s: cannot be opened: %s", path,
				strerror(errno));
	}
	if (!S_ISREG(status.st_mode))
		return error_set(error, ERROR_PERMANENT,
			"%s: not a regular file; name another file for the store", path);
	*size = status.st_size;
	return check_access(path, error);
}

/* ---- looking before touching ---- */

char *store_immutable_uri(const char *path)
{
	struct buffer uri = {0};

	buffer_append_text(&uri, "file:");
	for (const char *at = path; *at != '\0'; at++) {
		if (strchr("%?#", *at) != NULL || (unsigned char)*at < ' ')
			buffer_printf(&uri, "%%%02X", (unsigned)(unsigned char)*at);
		else
			buffer_append_char(&uri, *at);
	}
	buffer_append_text(&uri, "?immutable=1");
	return buffer_steal_text(&uri);
}

/* There is a log or an interrupted transaction beside it, so the file alone does not tell. */
static bool unsettled(const char *path)
{
	return size_beside(path, "-wal") > 0 || size_beside(path, "-journal") > 0;
}

/*
 * Reads the file's head and its list of tables, without the log and without leaving a trace. A file
 * of ours has its mark there from its first transaction on, which is made before there is a log.
 * What is not to be decided so, because the log or an interrupted creation may say otherwise,
 * passes and is looked at again through them.
 */
static bool inspect(const char *path, struct error *error)
{
	char *uri = store_immutable_uri(path);
	int64_t version = 0, application = 0, objects;
	sqlite3 *db = NULL;
	bool fine = false;
	int result;

	result = sqlite3_open_v2(uri, &db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
			SQLITE_OPEN_EXRESCODE,
		NULL);
	if (result != SQLITE_OK) {
		store_map_error(path, db, result, error);
	} else if (!store_schema_version(db, path, &version, &application, error) ||
		   !store_schema_number(
			   db, path, "SELECT count(*) FROM sqlite_schema", &objects, error)) {
		result = sqlite3_errcode(db);
		fine = (result == SQLITE_CORRUPT || result == SQLITE_NOTADB) && unsettled(path);
	} else if (application != STORE_APPLICATION_ID) {
		/* An interrupted creation can have left a file without its mark. */
		fine = application == 0 && version == 0 && size_beside(path, "-journal") > 0;
		if (!fine)
			store_refuse_foreign(path, error);
	} else {
		fine = version <= store_migration_count;
		if (!fine)
			store_refuse_newer(path, version, error);
	}
	sqlite3_close(db);
	free(uri);
	return fine;
}

/* ---- the connection ---- */

/* SQLite's own count of its memory costs a lock for each piece, and nobody asks for it. */
static void configure(void)
{
	/* Too late where the process has used SQLite already, and no harm. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool settings(sqlite3 *db, const char *path, struct error *error)
{
	static const char pragmas[] = "PRAGMA trusted_schema = OFF;"
				      "PRAGMA cell_size_check = ON;"
				      "PRAGMA mmap_size = 0;"
				      "PRAGMA temp_store = MEMORY;"
				      "PRAGMA cache_size = -16384;" /* KiB */
				      "PRAGMA foreign_keys = ON;"
				      "PRAGMA secure_delete = ON;"
				      /* NORMAL lost acknowledged rows when the power was cut. */
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA journal_size_limit = 67108864;";
	int result;

	sqlite3_busy_handler(db, store_wait_for_lock, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	/* Until it is known to be ours, closing writes nothing into it. */
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	result = sqlite3_exec(db, pragmas, NULL, NULL, NULL);
	return result == SQLITE_OK || store_map_error(path, db, result, error);
}

static bool write_ahead_log(sqlite3 *db, const char *path, struct error *error)
{
	int64_t ignored;
	int64_t waited_ms = 0;

	/* Two processes that open a new store at once can hold each other up here in a way that
	 * SQLite does not wait out by itself. */
	for (;;) {
		if (store_schema_number(db, path, "PRAGMA journal_mode = WAL", &ignored, error))
			break;
		if (sqlite3_errcode(db) != SQLITE_BUSY || waited_ms >= STORE_BUSY_TIMEOUT_MS)
			return false;
		waited_ms += sqlite3_sleep(10);
	}
	if (!store_schema_number(db, path, "SELECT journal_mode = 'wal' FROM pragma_journal_mode",
		    &ignored, error))
		return false;
	/* SQLite stays with the old mode without a word, whatever the cause. */
	return ignored == 1 ||
	       error_set(error, ERROR_TEMPORARY,
		       "%s: no write-ahead log: a disk error, or a file system that does not allow "
		       "one; put the store on a local disk",
		       path);
}

static bool accept_version(sqlite3 *db, const char *path, struct error *error)
{
	int64_t version, application;

	if (!store_schema_version(db, path, &version, &application, error))
		return false;
	if (application == STORE_APPLICATION_ID && version == store_migration_count)
		return true;
	return store_schema_migrate(db, path, store_migrations, store_migration_count, error);
}

/* With what was read of it given back, since the handle's own work would keep it for good: the
 * cache is small meanwhile, then that of "settings" again. */
static bool look_through(sqlite3 *db, const char *path, struct error *error)
{
	int result = sqlite3_exec(db, "PRAGMA cache_size = -1024", NULL, NULL, NULL);

	if (result != SQLITE_OK)
		return store_map_error(path, db, result, error);
	if (!store_schema_check(db, path, error))
		return false;
	result = sqlite3_exec(db, "PRAGMA cache_size = -16384", NULL, NULL, NULL);
	return result == SQLITE_OK || store_map_error(path, db, result, error);
}

/* Opens PATH for good, one that is KNOWN without looking through it; *DB is to be closed whatever
 * comes of it. */
static bool connect(const char *path, bool known, sqlite3 **db, struct error *error)
{
	bool logged = size_beside(path, "-wal") > 0;
	int result = sqlite3_open_v2(path, db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);

	if (result != SQLITE_OK)
		return store_map_error(path, *db, result, error);
	if (!settings(*db, path, error))
		return false;
	if (accept_version(*db, path, error) && (known || look_through(*db, path, error)) &&
		write_ahead_log(*db, path, error)) {
		sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
		return true;
	}
	/* Where there was no log, closing may take away the empty one that looking made. */
	if (!logged)
		sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	return false;
}

static bool open_handle(const char *path, bool known, struct store **store, struct error *error)
{
	sqlite3 *db = NULL;

	*store = NULL;
	if (!connect(path, known, &db, error)) {
		sqlite3_close(db);
		return false;
	}
	*store = xcalloc(1, sizeof(**store));
	(*store)->db = db;
	(*store)->path = xstrdup(path);
	store_counts_begin(*store);
	return true;
}

static pthread_once_t configured = PTHREAD_ONCE_INIT;

bool store_open(const char *path, struct store **store, struct error *error)
{
	off_t size = 0;

	(void)pthread_once(&configured, configure);
	*store = NULL;
	if (!ready_file(path, &size, error))
		return false;
	if (size > 0 && !inspect(path, error))
		return false;
	return open_handle(path, false, store, error);
}

bool store_open_again(const struct store *store, struct store **again, struct error *error)
{
	if (!open_handle(store->path, true, again, error))
		return false;
	(*again)->measures = store->measures;
	return true;
}

bool store_keep_little(struct store *store, struct error *error)
{
	/* What a larger transaction changes stays in memory all the same, until it is committed. */
	return sqlite3_exec(store->db, "PRAGMA cache_size = -2048; PRAGMA cache_spill = OFF", NULL,
		       NULL, NULL) == SQLITE_OK ||
	       store_map_error(store->path, store->db, sqlite3_extended_errcode(store->db), error);
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	if (sqlite3_close(store->db) != SQLITE_OK)
		abort(); /* a statement was left open */
	store_counts_forget(store);
	free(store->path);
	free(store);
}
