#include "base/credentials.h"
#include "daemon/daemon.h"

int main(int argc, char **argv)
{
	credentials_find(false);
	return certinstalld(argc, argv);
}
