"""raw.py SOCKET: what comes on the standard input goes to the unix socket; what that answers within a second is printed."""
import socket
import sys

with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(1)
    connection.connect(sys.argv[1])
    try:
        connection.sendall(sys.stdin.buffer.read())
        sys.stdout.write(connection.recv(65536).decode(errors="replace"))
    except OSError as error:
        print(error.strerror or error)
